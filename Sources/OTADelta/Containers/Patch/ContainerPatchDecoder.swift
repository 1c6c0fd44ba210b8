public import OTACore
import OTACrypto
public import OTADelta

/// Applies a container patch while it arrives: unpacks the old file, applies the native patch between the contents, and
/// compresses what comes out into the new file.
///
/// Everything that can be checked is, before a byte is written: the sizes, the memory, the digest of the old file, and
/// by probes whether the libraries of this machine are those of the machine that made the patch. The digest of the new
/// file is checked when its last byte was written. Both digests find the wrong file and damage, not an attack, against
/// which the digests in the signed manifest stand.
///
/// The old file is read whole, before the first write. Nothing is kept for after a power cut: a patch is replayed from
/// its first byte and the sink drops what is written already.
///
/// - Note: Source: Docs/Containers.md.
public struct ContainerPatchDecoder: ~Copyable, PayloadDecoder {
  private enum Phase: UInt8 {
    /// Bytes of the header are missing.
    case header
    /// Bytes of the recipe are missing.
    case recipe
    /// Bytes of the header of the inner patch are missing.
    case content
    /// Bytes of the body of the inner patch are missing.
    case body
    /// The file is complete, and is the promised one.
    case end
    /// An error was thrown.
    case failed
  }

  private let imageSize: UInt32
  private let sourceSize: UInt32
  private let memoryLimit: UInt64

  private var phase = Phase.header
  private var failure = DeltaError.abandoned
  /// The bytes of the part that is not complete yet.
  private var collected: [UInt8] = []
  private var header: ContainerPatchHeader?
  private var recipe: ContainerRecipe?
  private var inner: NativeDecoder?
  private var oldContent = MemorySource([])
  private var machine: RebuildMachine?
  private var bodyLeft: UInt32 = 0
  private var hash = SHA256()

  /// How many bytes of the new file were written to the sink.
  public private(set) var outputCount: UInt32 = 0

  /// Starts before the first byte of a payload; memory is allocated when the patch says how much.
  ///
  /// - Parameters:
  ///   - imageSize: how many bytes the new file must have.
  ///   - sourceSize: how many bytes the old file has.
  ///   - limits: ``Limits/imageSize`` and ``Limits/decoderMemory`` apply; the latter to all that is taken, the old file
  ///     and its content included, see ``ContainerPatch/memoryRequirement``.
  /// - Throws: ``DeltaError/imageTooLarge``.
  public init(imageSize: UInt32, sourceSize: UInt32, limits: Limits) throws(DeltaError) {
    guard imageSize <= limits.imageSize, sourceSize <= limits.imageSize else { throw .imageTooLarge }
    self.imageSize = imageSize
    self.sourceSize = sourceSize
    memoryLimit = UInt64(limits.decoderMemory)
  }

  /// Takes the next bytes of the payload and writes all the bytes of the file that follow from them.
  ///
  /// - Parameters:
  ///   - bytes: any number of bytes; every division gives the same file or the same error.
  ///   - media: the old file, and where the new one goes.
  /// - Throws: ``PatchError/delta(_:)``: any error of ``NativeDecoder``, ``DeltaError/unsupportedCompression`` if a library
  ///   is another one than where the patch was made; ``PatchError/source(_:)`` or ``PatchError/sink(_:)``. What was
  ///   written before stays written.
  public mutating func push<Media: PatchMedia & ~Copyable>(
    _ bytes: Span<UInt8>, media: inout Media
  ) throws(PatchError<Media.SourceFailure, Media.SinkFailure>) {
    guard phase != .failed else { throw .delta(failure) }
    do throws(PatchError<Media.SourceFailure, Media.SinkFailure>) {
      try consume(bytes, media: &media)
    } catch {
      phase = .failed
      if case .delta(let error) = error { failure = error }
      release()
      throw error
    }
  }

  /// Ends the payload; returns only if the whole file was written and is the promised one.
  ///
  /// - Throws: ``DeltaError/truncated``, or what an earlier call threw.
  public mutating func finish() throws(DeltaError) {
    guard phase != .failed else { throw failure }
    guard phase == .end else {
      phase = .failed
      failure = .truncated
      release()
      throw .truncated
    }
  }

  private mutating func consume<Media: PatchMedia & ~Copyable>(
    _ bytes: Span<UInt8>, media: inout Media
  ) throws(PatchError<Media.SourceFailure, Media.SinkFailure>) {
    var position = 0
    while position < bytes.count {
      switch phase {
      case .header:
        collected.append(bytes[position])
        position += 1
        do throws(DeltaError) { try parseHeader() } catch { throw .delta(error) }
      case .recipe:
        position += take(bytes.extracting(position..<bytes.count))
        do throws(DeltaError) { try parseRecipe() } catch { throw .delta(error) }
      case .content:
        collected.append(bytes[position])
        position += 1
        let patch: ContainerPatch?
        do throws(DeltaError) { patch = try parseContent() } catch { throw .delta(error) }
        if let patch { try begin(patch, media: &media) }
      case .body:
        let count = Int(min(UInt64(bytes.count - position), UInt64(bodyLeft)))
        bodyLeft -= UInt32(count)
        try decode(bytes.extracting(position..<position + count), media: &media)
        position += count
      case .end: throw .delta(.trailingData)
      case .failed: throw .delta(failure)
      }
    }
  }

  private mutating func parseHeader() throws(DeltaError) {
    guard let parsed = try ContainerPatchHeader.parse(collected.span) else { return }
    guard parsed.header.newSize == imageSize else { throw .imageSizeMismatch }
    guard parsed.header.oldSize == sourceSize else { throw .sourceMismatch }
    // No recipe is shorter than its magic.
    guard parsed.header.recipeSize > 0 else { throw .corruptStream }
    guard ContainerPatch.recipeMemory(size: parsed.header.recipeSize) <= memoryLimit else {
      throw .memoryExceeded
    }
    header = parsed.header
    collected = []
    phase = .recipe
  }

  /// Collects bytes of the recipe.
  ///
  /// - Returns: how many were taken.
  private mutating func take(_ bytes: Span<UInt8>) -> Int {
    let missing = Int(header?.recipeSize ?? 0) - collected.count
    let count = min(bytes.count, missing)
    unsafe bytes.extracting(0..<count).withUnsafeBufferPointer { unsafe collected.append(contentsOf: $0) }
    return count
  }

  private mutating func parseRecipe() throws(DeltaError) {
    guard let header, collected.count == Int(header.recipeSize) else { return }
    recipe = try ContainerPatch.recipe(collected.span, of: header)
    collected = []
    phase = .content
  }

  private mutating func parseContent() throws(DeltaError) -> ContainerPatch? {
    guard let header, let recipe, let parsed = try NativeHeader.parse(collected.span) else { return nil }
    return try ContainerPatch(header: header, recipe: recipe, content: parsed.header)
  }

  /// Checks everything that can be checked before the first byte is written, and unpacks the old file.
  private mutating func begin<Media: PatchMedia & ~Copyable>(
    _ patch: ContainerPatch, media: inout Media
  ) throws(PatchError<Media.SourceFailure, Media.SinkFailure>) {
    guard patch.memoryRequirement <= memoryLimit else { throw .delta(.memoryExceeded) }
    let old: [UInt8]
    do throws(Media.SourceFailure) {
      old = try readSource(&media)
    } catch {
      throw .source(error)
    }
    do throws(DeltaError) {
      oldContent = try unpack(old, patch)
      let limits = Limits(imageSize: .max, payloadSize: .max, decoderMemory: UInt32(clamping: memoryLimit))
      inner = try NativeDecoder(
        imageSize: patch.content.newSize, sourceSize: patch.content.oldSize, limits: limits)
    } catch {
      throw .delta(error)
    }
    machine = RebuildMachine(patch.recipe)
    recipe = nil
    bodyLeft = patch.content.bodySize
    phase = .body
    let start = collected
    collected = []
    try decode(start.span, media: &media)
  }

  private func readSource<Media: PatchMedia & ~Copyable>(
    _ media: inout Media
  ) throws(Media.SourceFailure) -> [UInt8] {
    var old = [UInt8](repeating: 0, count: Int(sourceSize))
    var offset = 0
    while offset < old.count {
      let end = min(old.count, offset + 64 << 10)
      var bytes = old.mutableSpan
      var part = bytes._mutatingExtracting(offset..<end)
      try media.readSource(into: &part, at: UInt32(offset))
      offset = end
    }
    return old
  }

  private func unpack(_ old: [UInt8], _ patch: ContainerPatch) throws(DeltaError) -> MemorySource {
    guard ContainerPatchHeader.digest(of: old) == patch.header.oldDigest else { throw .sourceMismatch }
    guard
      let layout = ContainerLayout(
        of: old, limits: ContainerPatch.limits, contentSize: patch.header.oldContentSize)
    else { throw .sourceMismatch }
    try patch.recipe.probe(old: old, layout: layout)
    return MemorySource(layout.content)
  }

  /// Gives bytes to the inner decoder, and ends the file with the last one.
  private mutating func decode<Media: PatchMedia & ~Copyable>(
    _ bytes: Span<UInt8>, media: inout Media
  ) throws(PatchError<Media.SourceFailure, Media.SinkFailure>) {
    guard let machine = machine.take() else { preconditionFailure("no body is being decoded") }
    var between = ContainerPatchMedia(
      content: oldContent, machine: consume machine, hash: hash, outputCount: outputCount,
      media: consume media)
    var problem: PatchError<Media.SourceFailure, Media.SinkFailure>?
    do throws(PatchError<MemorySource.Failure, RebuildError<Media.SinkFailure>>) {
      try inner?.push(bytes, media: &between)
    } catch {
      switch error {
      case .delta(let error), .sink(.delta(let error)): problem = .delta(error)
      case .sink(.sink(let error)): problem = .sink(error)
      // The old content is as large as the inner decoder was told.
      case .source: problem = .delta(.sourceOutOfRange)
      }
    }
    hash = between.hash
    outputCount = between.outputCount
    self.machine = between.machine
    media = between.media
    if let problem { throw problem }
    guard bodyLeft == 0 else { return }
    do throws(DeltaError) { try end() } catch { throw .delta(error) }
  }

  private mutating func end() throws(DeltaError) {
    try inner?.finish()
    try machine?.requireEnd()
    guard ContainerPatchHeader.digest(hash) == header?.newDigest else { throw .outputMismatch }
    phase = .end
    release()
  }

  /// Gives memory back that is not needed any more.
  private mutating func release() {
    collected = []
    recipe = nil
    machine = nil
    oldContent = MemorySource([])
    inner = nil
  }
}
