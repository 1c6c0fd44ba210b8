import OTACore
import OTACrypto
import OTADelta

/// Makes native patches.
///
/// Deterministic: the same images and options give the same bytes on every machine. Every patch is applied before it
/// is returned.
public enum NativeEncoder {
  /// The largest image that is taken, in bytes.
  public static var maximumImageSize: Int { Int(Int32.max) }

  /// What the smallest decoder takes, in bytes.
  public static var minimumDecoderMemory: UInt32 { NativeCandidate.minimumMemory }

  /// How much work goes into a patch.
  public enum Effort: UInt8, Sendable, CaseIterable {
    /// Addresses are corrected, and an adaptive model codes what is left: the smallest patches, for any device.
    case standard
    /// A patch for hosts that is made and applied in a fraction of the time, and has several times the bytes: coder
    /// `streams`, for `NativeHostDecoder` of `OTADeltaStreams`. Where the memory is too small for its decoder, as for
    /// most microcontrollers, the patch is one of ``standard``.
    case fast
  }

  /// What a patch may cost.
  public struct Options: Equatable, Sendable {
    /// The memory that the device has for the decoder, in bytes; nil for as much as a host has.
    public var memory: UInt32?
    /// The instruction set, by its name; nil to find out; of no effect with ``Effort/fast``.
    public var architecture: String?
    /// How much work goes into the patch.
    public var effort: Effort

    /// Whether files with compressed streams inside are taken apart.
    ///
    /// Their patches are for `ContainerPatchDecoder` of `OTADeltaContainers`, which takes more memory than both files;
    /// they are made where that is allowed, and not with ``Effort/fast``.
    public var takesContainersApart: Bool

    /// Whether a patch may have the coder `streams` where that is smaller, because much of what is new repeats itself.
    ///
    /// Such patches are for `NativeHostDecoder` of `OTADeltaStreams`; they are made where ``memory`` is nil.
    public var usesStreams: Bool

    /// Makes options.
    public init(
      memory: UInt32? = nil, architecture: String? = nil, effort: Effort = .standard,
      takesContainersApart: Bool = true, usesStreams: Bool = true
    ) {
      self.memory = memory
      self.architecture = architecture
      self.effort = effort
      self.takesContainersApart = takesContainersApart
      self.usesStreams = usesStreams
    }
  }

  /// The names of the instruction sets.
  public static var architectures: [String] { Architecture.allCases.map { $0.name.description } }

  /// Makes the patch from one image to another; stops when the current task is cancelled.
  ///
  /// - Parameters:
  ///   - old: the image that devices run; may be empty.
  ///   - new: the image that they shall run; may be empty.
  ///   - options: what the patch may cost.
  /// - Returns: the patch.
  /// - Throws: as ``makePatch(old:new:options:isCancelled:report:)`` does.
  public static func makePatch(
    old: [UInt8], new: [UInt8], options: Options = Options()
  ) throws(DeltaEncoderError) -> [UInt8] {
    try makePatch(old: old, new: new, options: options, isCancelled: { Task.isCancelled })
  }

  /// Makes the patch from one image to another.
  ///
  /// - Parameters:
  ///   - old: the image that devices run; may be empty.
  ///   - new: the image that they shall run; may be empty.
  ///   - options: what the patch may cost; an unknown architecture is the caller's mistake and traps.
  ///   - isCancelled: asked before each stage and now and then within; `true` stops.
  ///   - report: told how far it is: at each stage, and while it codes every 64 KiB. A file that is taken apart is coded
  ///     first, then as it is.
  /// - Returns: the patch.
  /// - Throws: ``DeltaEncoderError/imageTooLarge`` over ``maximumImageSize``, ``DeltaEncoderError/memoryTooSmall``,
  ///   ``DeltaEncoderError/outOfMemory``, ``DeltaEncoderError/cancelled``,
  ///   ``DeltaEncoderError/verificationFailed(_:)``.
  public static func makePatch(
    old: [UInt8], new: [UInt8], options: Options, isCancelled: () -> Bool,
    report: (EncodingProgress) -> Void = { _ in }
  ) throws(DeltaEncoderError) -> [UInt8] {
    guard old.count <= maximumImageSize, new.count <= maximumImageSize else { throw .imageTooLarge }
    let architecture = architecture(options.architecture)
    if options.effort == .fast,
      let patch = try StreamPatch.make(
        old: old, new: new, memory: options.memory, isCancelled: isCancelled, report: report)
    {
      return patch
    }
    var best: [UInt8]?
    if options.takesContainersApart {
      let contained = try ContainerPatchEncoder.makePatch(
        old: old, new: new, memory: options.memory, isCancelled: isCancelled
      ) { (contents, memory) throws(DeltaEncoderError) in
        let planner = NativePlanner(
          old: contents.old, new: contents.new, oldStarts: contents.oldStarts, newStarts: contents.newStarts)
        return try smallest(planner, architecture, memory: memory, isCancelled, report)
      }
      // What is compressed and not in the old file costs a plain patch about as much as it has: half would be a wonder.
      if let contained, contained.foreignCount / 2 > contained.patch.count { return contained.patch }
      best = contained?.patch
    }
    let planner = NativePlanner(old: old, new: new)
    if let plain = try smallest(planner, architecture, memory: options.memory, isCancelled, report),
      best.map({ plain.count < $0.count }) ?? true
    {
      guard !isCancelled() else { throw .cancelled }
      report(.verifying)
      try verify(
        plain, with: try verifier(old: old, new: new), old: old, new: new, isCancelled: isCancelled)
      best = plain
    }
    // Long repetitions in what is new are the strength of LZMA. A host decodes that too.
    if options.usesStreams, options.memory == nil, best.map({ $0.count > new.count / foreignShare }) ?? true,
      let streams = try StreamPatch.make(
        old: old, new: new, memory: nil, isCancelled: isCancelled, report: { _ in }),
      best.map({ streams.count < $0.count }) ?? true
    {
      best = streams
    }
    guard let best else { throw .memoryTooSmall }
    return best
  }

  /// A patch that has more than this part of its new image is about an image that is mostly not in the old one.
  private static var foreignShare: Int { 8 }

  /// The instruction set of a name that the caller gave.
  static func architecture(_ name: String?) -> Architecture? {
    name.map { name in
      guard let found = Architecture.allCases.first(where: { $0.name.description == name }) else {
        preconditionFailure("no such architecture: \(name)")
      }
      return found
    }
  }

  /// The smallest patch of those that the memory allows; nil if it allows none.
  private static func smallest(
    _ planner: NativePlanner, _ architecture: Architecture?, memory: UInt32?, _ isCancelled: () -> Bool,
    _ report: (EncodingProgress) -> Void
  ) throws(DeltaEncoderError) -> [UInt8]? {
    report(.planning)
    let plan = try planner.plan(architecture: architecture, isCancelled: isCancelled)
    let (old, new) = (planner.old, planner.new)
    let digests = NativeDigests(old: old, new: new)
    var best: [UInt8]?
    let candidates = NativeCandidate.all(plan, oldSize: old.count, newSize: new.count, memory: memory)
    if !candidates.isEmpty {
      var codedCount = 0
      report(.coding(byteCount: 0, of: new.count))
      let patches = try CandidateRace(old: old, new: new, digests: digests).run(candidates) {
        // Asked once for so many bytes, and while others are waited for.
        if codedCount + BodyEncoder.cancellationInterval < new.count {
          codedCount += BodyEncoder.cancellationInterval
          report(.coding(byteCount: codedCount, of: new.count))
        }
        return isCancelled()
      }
      for patch in patches where best.map({ patch.count < $0.count }) ?? true { best = patch }
    }
    let stored = NativeCandidate.stored(old: old, new: new, digests: digests)
    if let found = best, stored.count < found.count { best = stored }
    return best
  }

  private static func verifier(old: [UInt8], new: [UInt8]) throws(DeltaEncoderError) -> NativeDecoder {
    let limits = Limits(imageSize: .max, payloadSize: .max, decoderMemory: .max)
    do throws(DeltaError) {
      return try NativeDecoder(imageSize: UInt32(new.count), sourceSize: UInt32(old.count), limits: limits)
    } catch {
      throw .verificationFailed(error)
    }
  }
}
