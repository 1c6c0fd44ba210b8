import OTACore
import OTADelta
import OTADeltaZstd

/// The first two bytes are the size of the new image and the length of the pieces; the rest is a patch.
///
/// Magic number and header are put before it, as no fuzzer guesses a size that agrees.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: start, count: count))
  guard input.count >= 2 else { return 0 }
  // A single segment with a size of one byte; with a checksum for odd sizes.
  let header: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd, input[0] & 1 == 0 ? 0x20 : 0x24, input[0]]
  let patch = header + input.dropFirst(2)
  let whole = apply(patch, imageSize: input[0], pieceSize: patch.count)
  let pieces = apply(patch, imageSize: input[0], pieceSize: Int(input[1]) % 16 + 1)
  precondition(
    whole.image == pieces.image && whole.error == pieces.error, "where the patch is cut makes a difference")
  precondition(whole.error != nil || whole.image.count == Int(input[0]), "an image of another size")
  return 0
}

private let old = (0..<300).map { UInt8(truncatingIfNeeded: $0 * $0 / 3) }

private func apply(_ patch: [UInt8], imageSize: UInt8, pieceSize: Int) -> (image: [UInt8], error: DeltaError?)
{
  var source = MemorySource(old)
  var sink = MemorySink()
  do throws(DeltaError) {
    var decoder = try ZstdPatchDecoder(
      imageSize: UInt32(imageSize), sourceSize: UInt32(old.count), limits: Limits())
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
    return (sink.bytes, nil)
  } catch {
    return (sink.bytes, error)
  }
}
