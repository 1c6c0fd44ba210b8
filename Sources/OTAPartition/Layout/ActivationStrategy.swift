/// How the image that is to boot gets to where it runs.
///
/// On every device but one that boots ``direct``, slot a of the layout is the *primary* place, the only one that code
/// runs from, and slot b the *secondary* one, where updates are staged. `Placement` says which image is in which.
///
/// - Note: Source: the ways of MCUboot, docs/design.md, with our journal in place of its trailers; project decision,
///   Docs/Activation.md.
public enum ActivationStrategy: Equatable, Sendable {
  /// Both slots run where they are: execute in place, or two partitions of a disk. Nothing is copied.
  case direct
  /// The images change places by way of a scratch area; three copies for each group of blocks.
  case swapWithScratch(Range<UInt32>)
  /// The primary image moves up by one block, then the images change places; three copies for each block, no scratch
  /// area. The last block of the primary place is kept free.
  case swapByMove
  /// The images change places over a free block of the secondary place; two copies for each block. An update is staged one
  /// block further up, or at the start, in turn.
  case swapByOffset
  /// The new image is copied over the old one; one copy for each block, and no way back but another update.
  case overwrite

  /// The ways without what each needs.
  public enum Kind: UInt8, Sendable {
    /// ``ActivationStrategy/direct``.
    case direct
    /// ``ActivationStrategy/swapWithScratch(_:)``.
    case swapWithScratch
    /// ``ActivationStrategy/swapByMove``.
    case swapByMove
    /// ``ActivationStrategy/swapByOffset``.
    case swapByOffset
    /// ``ActivationStrategy/overwrite``.
    case overwrite
  }

  /// Takes a way, and what it needs.
  ///
  /// - Parameters:
  ///   - kind: which way.
  ///   - scratch: the scratch area; only a swap with scratch looks at it.
  /// - Throws: ``LayoutError/missingPartition`` if that has none.
  public init(_ kind: Kind, scratch: Range<UInt32>?) throws(LayoutError) {
    switch kind {
    case .direct: self = .direct
    case .swapByMove: self = .swapByMove
    case .swapByOffset: self = .swapByOffset
    case .overwrite: self = .overwrite
    case .swapWithScratch:
      guard let scratch else { throw .missingPartition }
      self = .swapWithScratch(scratch)
    }
  }

  /// Which way it is.
  public var kind: Kind {
    switch self {
    case .direct: .direct
    case .swapWithScratch: .swapWithScratch
    case .swapByMove: .swapByMove
    case .swapByOffset: .swapByOffset
    case .overwrite: .overwrite
    }
  }

  /// Whether the image before is still there when the new one runs, to revert to.
  public var canRevert: Bool { kind != .overwrite }
}
