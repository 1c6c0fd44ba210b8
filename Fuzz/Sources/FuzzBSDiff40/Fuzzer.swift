import OTACore
import OTADelta
import OTADeltaBZip2

// The first byte of the input says how the rest is meant: with bit 0, as a patch with streams of bzip2, else as one with
// streams that are not compressed. With bit 1, the name of the format and the upper halves of the three numbers of the
// header are made right. The second byte is the length of the pieces of the second run.

private let old = (0..<1000).map { UInt8(truncatingIfNeeded: ($0 &* $0) >> 3) }
private let largestImage: UInt32 = 1 << 16

/// What came of a patch.
private struct Outcome: Equatable {
  var output: [UInt8]
  var error: DeltaError?
}

/// Any bytes are an image of the declared size or a typed error, and the same in one piece as in many.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: start, count: count))
  guard count >= 2 else { return 0 }
  var patch = Array(input.dropFirst(2))
  if input[0] & 2 != 0, patch.count >= BSDiff40Format.headerSize {
    for index in 0..<BSDiff40Format.magicSize { patch[index] = BSDiff40Format.magicByte(at: index) }
    for number in 1...3 {
      for index in 2..<8 { patch[number * 8 + index] = 0 }
    }
  }
  if input[0] & 1 != 0 {
    check(patch, pieceSize: Int(input[1]) + 1, BZip2Inflater.self)
  } else {
    check(patch, pieceSize: Int(input[1]) + 1, StoredInflater.self)
  }
  return 0
}

private func check<Inflater: Decompressor & ~Copyable>(
  _ patch: [UInt8], pieceSize: Int, _ inflater: Inflater.Type
) {
  let imageSize = imageSize(of: patch)
  let whole = apply(patch, imageSize: imageSize, pieceSize: max(1, patch.count), inflater)
  precondition(whole.output.count <= imageSize, "more than the image")
  precondition(whole.error != nil || whole.output.count == imageSize, "less than the image, and no error")
  let pieces = apply(patch, imageSize: imageSize, pieceSize: pieceSize, inflater)
  precondition(pieces == whole, "pieces make a difference")
}

/// What the header says, if that is not too much to write it twice.
private func imageSize(of patch: [UInt8]) -> UInt32 {
  do throws(DeltaError) {
    let header = try BSDiff40Header(patch.span)
    if let size = UInt32(exactly: header.imageSize), size <= largestImage { return size }
  } catch {
    return 1000
  }
  return 1000
}

private func apply<Inflater: Decompressor & ~Copyable>(
  _ patch: [UInt8], imageSize: UInt32, pieceSize: Int, _ inflater: Inflater.Type
) -> Outcome {
  var source = MemorySource(old)
  var sink = MemorySink()
  do throws(DeltaError) {
    var decoder = try BSDiff40Decoder<Inflater>(
      imageSize: imageSize, sourceSize: UInt32(old.count), limits: Limits(decoderMemory: 16 << 20))
    var position = 0
    while position < patch.count {
      let end = min(patch.count, position + pieceSize)
      do throws(PatchError<MemorySource.Failure, Never>) {
        try decoder.push(patch.span.extracting(position..<end), source: &source, sink: &sink)
      } catch {
        switch error {
        case .delta(let error): throw error
        case .source: fatalError("a read outside the old image")
        }
      }
      position = end
    }
    try decoder.finish()
    return Outcome(output: sink.bytes, error: nil)
  } catch {
    return Outcome(output: sink.bytes, error: error)
  }
}
