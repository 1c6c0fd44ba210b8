import OTACore
public import OTADelta

/// Applies patches in place to a slot in memory, as a device does to one in flash.
public enum InPlaceRehearsal {
  /// Applies a patch.
  ///
  /// - Parameters:
  ///   - patch: all of it; what is behind its end is not looked at.
  ///   - old: the image that is in the slot.
  ///   - slotSize: how many bytes the slot has.
  ///   - memoryLimit: what the decoder may take, in bytes.
  /// - Returns: the new image, and how many bytes the patch has.
  /// - Throws: ``DeltaError/truncated`` if the patch is not whole, ``DeltaError/sourceMismatch`` if the image is not the one
  ///   that the patch was made from, ``DeltaError/imageTooLarge`` if it does not fit the slot,
  ///   ``DeltaError/memoryExceeded``, ``DeltaError/outputMismatch`` if what comes out is not the image that was promised, and
  ///   what ``InPlaceHeader/parse(_:)`` and ``InPlaceDecoder`` throw.
  public static func apply(
    _ patch: [UInt8], old: [UInt8], slotSize: UInt32, memoryLimit: UInt32 = .max
  ) throws(DeltaError) -> (new: [UInt8], patchSize: Int) {
    let front = patch.span.extracting(0..<min(patch.count, InPlaceHeader.maximumSize))
    guard let header = try InPlaceHeader.parse(front), patch.count >= Int(header.patchSize) else {
      throw .truncated
    }
    let native = header.native
    guard native.oldSize == old.count, NativeDigests.matches(native.oldDigest, old) else {
      throw .sourceMismatch
    }
    guard native.newSize <= slotSize, header.shift <= slotSize, native.oldSize <= slotSize - header.shift
    else {
      throw .imageTooLarge
    }
    guard header.memoryRequirement <= UInt64(memoryLimit) else { throw .memoryExceeded }
    var media = RehearsalSlot(patch: patch, old: old, slotSize: Int(slotSize), shift: Int(header.shift))
    var decoder = InPlaceDecoder(
      header: header, memory: DecoderMemory(allocating: Int(header.memoryRequirement)))
    for index in 0..<header.segmentCount {
      let range = header.range(ofSegment: index)
      media.begin(at: Int(range.lowerBound), end: Int(range.lowerBound) + Int(header.segmentSize))
      do throws(PatchError<DeltaError, DeltaError>) {
        try decoder.decode(segment: index, media: &media)
      } catch {
        switch error {
        case .delta(let error), .source(let error), .sink(let error): throw error
        }
      }
      guard media.writtenCount == range.count else { throw .outputMismatch }
    }
    let new = [UInt8](media.slot.prefix(Int(native.newSize)))
    guard NativeDigests.matches(native.newDigest, new) else { throw .outputMismatch }
    return (new, Int(header.patchSize))
  }

  static func verify(
    _ patch: [UInt8], old: [UInt8], new: [UInt8], slot: InPlaceSlot
  ) throws(DeltaEncoderError) {
    do throws(DeltaError) {
      let made = try apply(patch, old: old, slotSize: slot.size)
      guard made.new == new, made.patchSize == patch.count else { throw .outputMismatch }
    } catch {
      throw .verificationFailed(error)
    }
  }
}

/// A slot whose old image was moved up.
///
/// What a segment is about to overwrite is erased first, as on a device, and never read.
private struct RehearsalSlot: InPlaceMedia {
  let patch: [UInt8]
  private(set) var slot: [UInt8]
  private let shift: Int
  private var position = 0
  private var end = 0
  private var start = 0
  var writtenCount: Int { position - start }

  init(patch: [UInt8], old: [UInt8], slotSize: Int, shift: Int) {
    self.patch = patch
    self.shift = shift
    slot = [UInt8](repeating: 0xff, count: slotSize)
    slot.replaceSubrange(shift..<shift + old.count, with: old)
  }

  mutating func begin(at start: Int, end: Int) {
    self.start = start
    position = start
    self.end = min(end, slot.count)
    for index in start..<self.end { slot[index] = 0xff }
  }

  func readPatch(into destination: inout MutableSpan<UInt8>, at offset: UInt32) throws(DeltaError) {
    guard Int(offset) <= patch.count, destination.count <= patch.count - Int(offset) else { throw .truncated }
    for index in 0..<destination.count { destination[index] = patch[Int(offset) + index] }
  }

  func readSource(into destination: inout MutableSpan<UInt8>, at offset: UInt32) throws(DeltaError) {
    let first = Int(offset) + shift
    guard first >= end, first <= slot.count, destination.count <= slot.count - first else {
      throw .sourceOutOfRange
    }
    for index in 0..<destination.count { destination[index] = slot[first + index] }
  }

  mutating func writeImage(_ bytes: Span<UInt8>) throws(DeltaError) {
    guard bytes.count <= end - position else { throw .outputOverflow }
    for index in 0..<bytes.count { slot[position + index] = bytes[index] }
    position += bytes.count
  }
}
