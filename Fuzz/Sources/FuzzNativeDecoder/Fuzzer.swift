import OTACore
import OTACrypto
import OTADelta

// With bit 0 of the first byte, everything behind the second is a patch as it is. Else bytes 2 to 9 say what its header
// is to say, in a form in which nearly everything is right, and the rest is the body. The second byte is the length of
// the pieces of the second run.

private let old = oldImage()
private let largestImage: UInt32 = 1 << 13
private let memoryLimit: UInt32 = 1 << 20

/// What came of a patch.
private struct Outcome: Equatable {
  var output: [UInt8]
  var error: DeltaError?
}

/// Any bytes are the promised image or a typed error, and the same in one piece as in many.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: start, count: count))
  guard count >= 2 else { return 0 }
  let pieceSize = Int(input[1]) + 1
  guard input[0] & 1 == 0 else {
    _ = check(Array(input.dropFirst(2)), pieceSize: pieceSize)
    return 0
  }
  guard let builder = PatchBuilder(input.dropFirst(2), oldSize: UInt32(old.count)) else { return 0 }
  let first = check(builder.patch(old: old, new: []), pieceSize: pieceSize)
  // What was decoded is not what the header promises; promised, it is.
  guard first.error == .outputMismatch else { return 0 }
  let second = check(builder.patch(old: old, new: first.output), pieceSize: pieceSize)
  precondition(second == Outcome(output: first.output, error: nil), "the right digest is not right")
  return 0
}

private func check(_ patch: [UInt8], pieceSize: Int) -> Outcome {
  let imageSize = imageSize(of: patch)
  let whole = apply(patch, imageSize: imageSize, pieceSize: max(1, patch.count))
  precondition(whole.output.count <= imageSize, "more than the image")
  precondition(
    whole.error != nil || Digest(of: whole.output) == Digest(promisedBy: patch),
    "another image than the promised one, and no error")
  precondition(
    whole.error != .outputMismatch || whole.output.count == imageSize, "less than the image was compared")
  let pieces = apply(patch, imageSize: imageSize, pieceSize: pieceSize)
  precondition(pieces == whole, "pieces make a difference")
  return whole
}

/// What the header says, if that is not too much to write it twice.
private func imageSize(of patch: [UInt8]) -> UInt32 {
  do throws(DeltaError) {
    if let found = try NativeHeader.parse(patch.span), found.header.newSize <= largestImage {
      return found.header.newSize
    }
  } catch {
    return 1000
  }
  return 1000
}

private func apply(_ patch: [UInt8], imageSize: UInt32, pieceSize: Int) -> Outcome {
  var source = MemorySource(old)
  var sink = MemorySink()
  do throws(DeltaError) {
    var decoder = try NativeDecoder(
      imageSize: imageSize, sourceSize: UInt32(old.count), limits: Limits(decoderMemory: memoryLimit))
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

/// Bytes in which every instruction set finds something.
private func oldImage() -> [UInt8] {
  var state: UInt32 = 0x2545_f491
  return (0..<3000).map { index in
    state ^= state << 13
    state ^= state >> 17
    state ^= state << 5
    return index % 4 == 3 && index % 64 > 40 ? 0 : UInt8(truncatingIfNeeded: state >> 8)
  }
}
