public import OTACore
public import OTACrypto
public import OTADelta
import OTADeltaStreams

/// The decoder for a payload as its manifest describes it, with everything that hosts know: as `PatchDecoder`, native
/// patches with any coder, and container patches.
public struct HostPatchDecoder<Inflater: Decompressor & ~Copyable, Hash: HashFunction & ~Copyable>: ~Copyable,
  PayloadDecoder
{
  private enum Choice: UInt8 {
    /// A native patch or a container; the first bytes will say.
    case undecided
    case native
    case container
    case other
  }

  // All are small until they have seen a header, and only one will.
  private var native: NativeHostDecoder<Hash>
  private var container: ContainerPatchDecoder
  private var other: PatchDecoder<Inflater>
  private var choice: Choice
  /// The first bytes, until they say what it is.
  private var start: [UInt8] = []
  private var isTruncated = false

  /// Chooses and starts a decoder; memory is allocated when the patch says how much, which is at most what the manifest
  /// declares.
  ///
  /// - Parameters:
  ///   - encoding: how the image is made; from a verified manifest.
  ///   - imageSize: how many bytes the new image must have; from the same manifest.
  ///   - limits: ``Limits/imageSize`` and ``Limits/decoderMemory`` apply, the latter also to the memory that the
  ///     manifest declares.
  /// - Throws: ``DeltaError/imageTooLarge`` or ``DeltaError/memoryExceeded``.
  public init(encoding: PayloadEncoding, imageSize: UInt32, limits: Limits) throws(DeltaError) {
    let isNative: Bool
    let sourceSize: UInt32
    var nativeLimits = limits
    if case .delta(let delta) = encoding, delta.format == .native {
      guard delta.memory <= limits.decoderMemory else { throw .memoryExceeded }
      nativeLimits.decoderMemory = delta.memory
      (isNative, sourceSize) = (true, delta.source.size)
    } else {
      (isNative, sourceSize) = (false, 0)
    }
    let native = try NativeHostDecoder<Hash>(
      imageSize: imageSize, sourceSize: sourceSize, limits: nativeLimits)
    let container = try ContainerPatchDecoder(
      imageSize: imageSize, sourceSize: sourceSize, limits: nativeLimits)
    let other = try PatchDecoder<Inflater>(
      encoding: isNative ? .identity : encoding, imageSize: imageSize, limits: limits)
    self.native = consume native
    self.container = consume container
    self.other = consume other
    choice = isNative ? .undecided : .other
  }

  /// The memory to declare in a manifest for a patch, in bytes.
  ///
  /// - Parameters:
  ///   - patch: the patch, or as much of it as ``NativeHostDecoder/memoryRequirement(of:)`` or ``ContainerPatch/init(_:)``
  ///     wants.
  ///   - format: its format.
  /// - Returns: what the decoder takes besides its own value.
  /// - Throws: as these two do; ``DeltaError/memoryExceeded`` if it is more than a manifest can say.
  public static func memoryRequirement(
    of patch: Span<UInt8>, format: DeltaFormat
  ) throws(DeltaError) -> UInt32 {
    switch format {
    case .bsdiff43:
      return try PatchDecoder<Inflater>.memoryRequirement(of: patch, format: format)
    case .native:
      let needed =
        ContainerPatchHeader.isStart(of: patch)
        ? try ContainerPatch(patch).memoryRequirement
        : try NativeHostDecoder<Hash>.memoryRequirement(of: patch)
      guard let memory = UInt32(exactly: needed) else { throw .memoryExceeded }
      return memory
    }
  }

  /// How many bytes of the new image were written to the sink.
  public var outputCount: UInt32 {
    switch choice {
    case .undecided: 0
    case .native: native.outputCount
    case .container: container.outputCount
    case .other: other.outputCount
    }
  }

  /// Takes the next bytes of the payload and writes all the image bytes that follow from them.
  ///
  /// - Parameters:
  ///   - bytes: any number of bytes; every division gives the same image or the same error.
  ///   - media: the old image (not read if the payload is the image), and where the new one goes.
  /// - Throws: as the chosen decoder does.
  public mutating func push<Media: PatchMedia & ~Copyable>(
    _ bytes: Span<UInt8>, media: inout Media
  ) throws(PatchError<Media.SourceFailure, Media.SinkFailure>) {
    guard !isTruncated else { throw .delta(.truncated) }
    var position = 0
    while choice == .undecided {
      guard position < bytes.count else { return }
      start.append(bytes[position])
      position += 1
      guard start.count == ContainerPatchHeader.magic.count else { continue }
      // Anything else is a native patch, or refused by its decoder.
      choice = ContainerPatchHeader.isStart(of: start.span) ? .container : .native
      let first = start
      start = []
      try forward(first.span, media: &media)
    }
    try forward(bytes.extracting(position..<bytes.count), media: &media)
  }

  private mutating func forward<Media: PatchMedia & ~Copyable>(
    _ bytes: Span<UInt8>, media: inout Media
  ) throws(PatchError<Media.SourceFailure, Media.SinkFailure>) {
    switch choice {
    case .undecided: break
    case .native: try native.push(bytes, media: &media)
    case .container: try container.push(bytes, media: &media)
    case .other: try other.push(bytes, media: &media)
    }
  }

  /// Ends the payload; returns only if the whole image was written.
  ///
  /// - Throws: as the chosen decoder does.
  public mutating func finish() throws(DeltaError) {
    switch choice {
    case .undecided:
      isTruncated = true
      throw .truncated
    case .native: try native.finish()
    case .container: try container.finish()
    case .other: try other.finish()
    }
  }
}
