import OTACore
import OTACrypto
import OTADelta
import OTADeltaStreams

// The length of the pieces of the second run, the size of the new image (2 bytes) and how many covers there are (2
// bytes); the rest is a body. The header before it is made right, but for the digest of the new image, which a second
// patch has right.

private let old = (0..<200).map { UInt8(truncatingIfNeeded: $0 * $0 / 3) }
private let largestImage: UInt32 = 1 << 13
private let memoryLimit: UInt32 = 8 << 20

/// What came of a patch.
private struct Outcome: Equatable {
  var output: [UInt8]
  var error: DeltaError?
}

/// Any bytes are the promised image or a typed error, and the same in one piece as in many.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: start, count: count))
  guard count >= 5 else { return 0 }
  let pieceSize = Int(input[0]) + 1
  let newSize = (UInt32(input[1]) | UInt32(input[2]) << 8) % (largestImage + 1)
  let coverCount = min(newSize, UInt32(input[3]) | UInt32(input[4]) << 8)
  let body = Array(input[5...])
  func check(new: [UInt8]) -> Outcome {
    let patch = header(newSize: newSize, coverCount: coverCount, bodySize: body.count, new: new) + body
    let whole = apply(patch, imageSize: newSize, pieceSize: patch.count)
    precondition(whole.output.count <= newSize, "more than the image")
    precondition(
      whole.error != nil || digest(of: whole.output) == digest(of: new),
      "another image than the promised one, and no error")
    precondition(
      whole.error != .outputMismatch || whole.output.count == newSize, "less than the image was compared")
    let pieces = apply(patch, imageSize: newSize, pieceSize: pieceSize)
    precondition(pieces == whole, "pieces make a difference")
    return whole
  }
  let first = check(new: [])
  // What was decoded is not what the header promises; promised, it is.
  guard first.error == .outputMismatch else { return 0 }
  precondition(
    check(new: first.output) == Outcome(output: first.output, error: nil), "the right digest is not right")
  return 0
}

private func header(newSize: UInt32, coverCount: UInt32, bodySize: Int, new: [UInt8]) -> [UInt8] {
  var bytes = Array("OTAD".utf8) + [1, 3, 0, 0, 0]
  for number in [UInt32(old.count), newSize, UInt32(bodySize), coverCount, 0] {
    var left = number
    while left >= 0x80 {
      bytes.append(UInt8(left & 0x7f) | 0x80)
      left >>= 7
    }
    bytes.append(UInt8(left))
  }
  return bytes + digest(of: old) + digest(of: new)
}

private func digest(of image: [UInt8]) -> [UInt8] {
  let digest = SHA256.digest(of: image.span)
  return (0..<8).map { digest.bytes[$0] }
}

private func apply(_ patch: [UInt8], imageSize: UInt32, pieceSize: Int) -> Outcome {
  var source = MemorySource(old)
  var sink = MemorySink()
  do throws(DeltaError) {
    var decoder = try NativeHostDecoder<SHA256>(
      imageSize: imageSize, sourceSize: UInt32(old.count), limits: Limits(decoderMemory: memoryLimit))
    var position = 0
    while position < patch.count {
      let end = min(patch.count, position + pieceSize)
      let piece = Array(patch[position..<end])
      do throws(PatchError<MemorySource.Failure, Never>) {
        try decoder.push(piece.span, source: &source, sink: &sink)
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
