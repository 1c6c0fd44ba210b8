import OTACore
import OTADelta
import OTADeltaEncoder

/// Native patches that are applied where the old image is; one that can be undone has the patch back behind it.
enum InPlaceCodec: PatchCodec {
  static var maximumImageSize: Int { NativeEncoder.maximumImageSize }
  static var minimumDecoderMemory: UInt32 { NativeEncoder.minimumDecoderMemory }

  /// Whether a file begins as such a patch does.
  static func isPatch(_ patch: [UInt8]) -> Bool {
    patch.starts(with: "OTAD".utf8) && patch.count > 5
      && patch[5] == NativeHeader.Coder.inPlace.rawValue
  }

  static func decoderMemory(of patch: [UInt8]) throws(DeltaError) -> UInt32 {
    var needed: UInt32 = 0
    for header in try headers(of: patch) {
      guard let memory = UInt32(exactly: header.memoryRequirement) else { throw .memoryExceeded }
      needed = max(needed, memory)
    }
    return needed
  }

  static func imageSize(of patch: [UInt8]) throws(DeltaError) -> UInt64 {
    UInt64(try headers(of: patch)[0].native.newSize)
  }

  static func makePatch(
    old: [UInt8], new: [UInt8], options: PatchOptions, report: (EncodingProgress) -> Void
  ) throws(DeltaEncoderError) -> [UInt8] {
    guard let slot = options.slot else { preconditionFailure("a patch in place needs a slot") }
    let native = NativeEncoder.Options(memory: options.memory, architecture: options.architecture)
    var patch = try InPlaceEncoder.makePatch(old: old, new: new, slot: slot, options: native)
    if options.isReversible {
      patch += try InPlaceEncoder.makePatch(old: new, new: old, slot: slot, options: native)
    }
    return patch
  }

  /// Applies the first patch of the file, to a slot in memory that is as large as it must be.
  static func decode<Source: ImageSource, Sink: ImageSink>(
    _ patch: [UInt8], imageSize: UInt32, sourceSize: UInt32, limits: Limits, from source: inout Source,
    to sink: inout Sink
  ) throws(DeltaError) {
    let header = try headers(of: patch)[0]
    guard header.native.oldSize == sourceSize else { throw .sourceMismatch }
    let room = UInt64(header.shift) + UInt64(sourceSize)
    guard let slotSize = UInt32(exactly: max(room, UInt64(imageSize))), slotSize <= Int32.max else {
      throw .imageTooLarge
    }
    var old = MemorySink()
    do throws(TeeError<Source.Failure, Never>) {
      try source.copy(size: sourceSize, to: &old)
    } catch {
      throw .sourceOutOfRange
    }
    let made = try InPlaceRehearsal.apply(
      patch, old: old.bytes, slotSize: slotSize, memoryLimit: limits.decoderMemory)
    do throws(Sink.Failure) {
      if !made.new.isEmpty { try sink.write(made.new.span) }
    } catch {
      throw .abandoned
    }
  }

  static func contents(
    of patch: [UInt8], imageSize: UInt32, limits: Limits
  ) throws(DeltaError) -> PatchContents {
    let headers = try headers(of: patch)
    return PatchContents(
      oldSizeAtLeast: headers[0].native.oldSize,
      inPlace: PatchContents.InPlace(
        shift: headers[0].shift, segmentSize: headers[0].segmentSize, isReversible: headers.count == 2))
  }

  /// The headers of the patch, and of the one back if there is one.
  private static func headers(of patch: [UInt8]) throws(DeltaError) -> [InPlaceHeader] {
    let forward = try header(of: patch, at: 0)
    let end = Int(forward.patchSize)
    guard end < patch.count else { return [forward] }
    let back = try header(of: patch, at: end)
    guard end + Int(back.patchSize) == patch.count else { throw .trailingData }
    return [forward, back]
  }

  private static func header(of patch: [UInt8], at start: Int) throws(DeltaError) -> InPlaceHeader {
    let end = min(patch.count, start + InPlaceHeader.maximumSize)
    guard let header = try InPlaceHeader.parse(patch.span.extracting(start..<end)),
      Int(header.patchSize) <= patch.count - start
    else { throw .truncated }
    return header
  }
}
