import OTACore
import OTACrypto
import OTADelta
import OTAPartition

/// The device, and the part of it that a patch may see while it is applied.
///
/// Reads below the floor of a segment are refused here, whatever the patch says and the codec lets through: that a segment
/// can be made again rests on it.
struct SlotAccess<Device: Flash & ~Copyable, Hash: HashFunction & ~Copyable>: ~Copyable {
  var flash: Device
  /// Where the first byte of the old image is, or would be if it were still there.
  var sourceStart: UInt32 = 0
  /// Which bytes of the old image may be read.
  var readable: Range<UInt32> = 0..<0
  /// Where the patch is.
  var patch: Range<UInt32> = 0..<0
  /// Where the next byte of the new image goes, and where its last one may go; not used while there is a hash.
  private var position: UInt32 = 0
  private var end: UInt32 = 0
  /// Takes the new image in the place of the slot, if there is one.
  private var hash: Hash?
  private var buffer = InlineArray<256, UInt8>(repeating: 0)
  private var buffered = 0

  init(_ flash: consuming Device) {
    self.flash = flash
  }

  // MARK: The new image

  /// From now on the new image goes into a hash function, and no byte of flash changes.
  mutating func beginRehearsal() {
    hash = Hash()
  }

  /// Ends that.
  ///
  /// - Returns: the digest of what was made; `nil` if nothing was begun.
  mutating func endRehearsal() -> Digest? { hash.take()?.finalize() }

  /// From now on the new image goes to these bytes, which are erased.
  ///
  /// - Parameter range: from the start of the device; begins at a border of units.
  mutating func expect(_ range: Range<UInt32>) {
    position = range.lowerBound
    end = range.upperBound
    buffered = 0
  }

  /// Writes what waits, with erased bytes up to the end of the unit.
  ///
  /// - Throws: ``InPlaceError/patch(_:)`` if fewer bytes came than were expected.
  mutating func endSegment() throws(InPlaceError) {
    guard position + UInt32(buffered) == end else { throw .patch(.truncated) }
    try flush()
  }

  private mutating func flush() throws(InPlaceError) {
    let unit = Int(flash.geometry.writeSize)
    let count = (buffered + unit - 1) / unit * unit
    for index in buffered..<count { buffer[index] = flash.geometry.erasedByte }
    do throws(FlashError) {
      try flash.writeChecked(buffer.span.extracting(0..<count), at: position)
    } catch {
      throw .storage(.flash(error))
    }
    position += UInt32(buffered)
    buffered = 0
  }

  // MARK: Copies

  /// Copies bytes to erased memory, by whole units; both places begin at the border of one.
  mutating func copy(_ range: Range<UInt32>, to destination: UInt32) throws(FlashError) {
    let unit = flash.geometry.writeSize
    var offset = range.lowerBound
    while offset < range.upperBound {
      let count = (min(256, range.upperBound - offset) + unit - 1) / unit * unit
      var whole = buffer.mutableSpan
      var part = whole.prefix(Int(count))
      try flash.read(into: &part, at: offset)
      try flash.writeChecked(
        buffer.span.extracting(0..<Int(count)), at: destination + (offset - range.lowerBound))
      offset += count
    }
  }
}

extension SlotAccess: InPlaceMedia where Device: ~Copyable, Hash: ~Copyable {
  mutating func readSource(
    into destination: inout MutableSpan<UInt8>, at offset: UInt32
  ) throws(InPlaceError) {
    guard let count = UInt32(exactly: destination.count), offset <= readable.upperBound,
      count <= readable.upperBound - offset
    else { throw .patch(.sourceOutOfRange) }
    guard offset >= readable.lowerBound || count == 0 else { throw .sourceOverwritten }
    try read(into: &destination, at: sourceStart + offset)
  }

  mutating func readPatch(
    into destination: inout MutableSpan<UInt8>, at offset: UInt32
  ) throws(InPlaceError) {
    let size = patch.upperBound - patch.lowerBound
    guard let count = UInt32(exactly: destination.count), offset <= size, count <= size - offset else {
      throw .patch(.truncated)
    }
    try read(into: &destination, at: patch.lowerBound + offset)
  }

  mutating func writeImage(_ bytes: Span<UInt8>) throws(InPlaceError) {
    if hash != nil {
      hash?.update(bytes)
      return
    }
    guard UInt64(bytes.count) <= UInt64(end - position) - UInt64(buffered) else {
      throw .patch(.outputOverflow)
    }
    for index in 0..<bytes.count {
      buffer[buffered] = bytes[index]
      buffered += 1
      if buffered == buffer.count { try flush() }
    }
  }

  private mutating func read(
    into destination: inout MutableSpan<UInt8>, at offset: UInt32
  ) throws(InPlaceError) {
    do throws(FlashError) {
      try flash.readUnaligned(into: &destination, at: offset)
    } catch {
      throw .storage(.flash(error))
    }
  }
}
