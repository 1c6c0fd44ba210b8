// A patch applied on a microcontroller, as a client writes it: no heap, the memory given by the caller, one piece of the
// patch after the other. Generic code is compiled where it is used, so Scripts/measure-decoder compiles this client to
// see how large the decoder is and how many instructions it takes.

internal import Board
import OTACore
import OTADelta

/// What the flash of the board answers when it fails.
struct BoardFailure: Error {}

/// Both images in the flash of the board.
struct BoardImages: PatchMedia {
  mutating func readSource(
    into destination: inout MutableSpan<UInt8>, at offset: UInt32
  ) throws(BoardFailure) {
    let status = unsafe destination.withUnsafeMutableBufferPointer { buffer -> Int32 in
      guard let base = buffer.baseAddress else { return 0 }
      return unsafe board_read_old(offset, base, UInt32(truncatingIfNeeded: buffer.count))
    }
    guard status == 0 else { throw BoardFailure() }
  }

  mutating func writeImage(_ bytes: Span<UInt8>) throws(BoardFailure) {
    let status = unsafe bytes.withUnsafeBufferPointer { buffer -> Int32 in
      guard let base = buffer.baseAddress else { return 0 }
      return unsafe board_write_new(base, UInt32(truncatingIfNeeded: buffer.count))
    }
    guard status == 0 else { throw BoardFailure() }
  }
}

/// The next bytes of the patch.
private func receive(_ piece: inout InlineArray<128, UInt8>) -> Int {
  var bytes = piece.mutableSpan
  let count = unsafe bytes.withUnsafeMutableBufferPointer { buffer -> UInt32 in
    guard let base = buffer.baseAddress else { return 0 }
    return unsafe board_receive(base, UInt32(truncatingIfNeeded: buffer.count))
  }
  return Int(min(count, 128))
}

/// Applies the patch that the board receives.
///
/// - Parameters:
///   - memory: for the decoder, aligned to 4 bytes.
///   - memoryCount: how many bytes that is.
///   - oldSize: how many bytes the old image has.
///   - newSize: how many bytes the new one must have.
/// - Returns: 0 if the new image is complete and the promised one; -1 if the flash failed; else 1 + the raw value of the error.
@c(apply_patch)
public func applyPatch(
  _ memory: UnsafeMutableRawPointer, _ memoryCount: UInt32, _ oldSize: UInt32, _ newSize: UInt32
) -> Int32 {
  let workspace = unsafe UnsafeMutableRawBufferPointer(start: memory, count: Int(memoryCount))
  var decoder = unsafe NativeDecoder(
    imageSize: newSize, sourceSize: oldSize, memory: DecoderMemory(borrowing: workspace))
  var images = BoardImages()
  var piece = InlineArray<128, UInt8>(repeating: 0)
  do throws(PatchError<BoardFailure, BoardFailure>) {
    while true {
      let count = receive(&piece)
      guard count > 0 else { break }
      try decoder.push(piece.span.extracting(0..<count), media: &images)
    }
  } catch {
    guard case .delta(let failure) = error else { return -1 }
    return 1 + Int32(failure.rawValue)
  }
  do throws(DeltaError) {
    try decoder.finish()
    return 0
  } catch {
    return 1 + Int32(error.rawValue)
  }
}
