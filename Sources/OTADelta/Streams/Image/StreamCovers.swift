import OTADelta

/// The parts of the new image that come from the old one, in the order of the new image.
struct StreamCovers {
  /// One of them.
  struct Cover {
    var old: UInt32
    var new: UInt32
    var length: UInt32
  }

  private(set) var all: [Cover] = []
  /// How many bytes of the new image they are together.
  private(set) var coveredSize: UInt32 = 0

  /// No covers.
  init() {}

  /// Reads and checks the whole stream.
  ///
  /// - Throws: ``DeltaError/nonCanonicalNumber``; ``DeltaError/outputOverflow`` if a cover is not inside the new image,
  ///   ``DeltaError/sourceOutOfRange`` if it is not inside the old one, ``DeltaError/noProgress`` if it has no byte,
  ///   ``DeltaError/corruptStream`` if the stream does not have as many numbers as it must.
  init(_ bytes: Span<UInt8>, header: NativeHeader) throws(DeltaError) {
    all.reserveCapacity(Int(header.coverCount))
    var position = 0
    var newEnd: UInt32 = 0
    var oldEnd: UInt32 = 0
    for _ in 0..<header.coverCount {
      let gap = try StreamNumber.require(bytes, &position)
      let shift = try StreamNumber.require(bytes, &position)
      let length = try StreamNumber.require(bytes, &position)
      guard length > 0 else { throw .noProgress }
      guard gap <= header.newSize - newEnd, length <= header.newSize - newEnd - gap else {
        throw .outputOverflow
      }
      // Modulo 2^32, lowest bit the sign.
      let old = oldEnd &+ (shift >> 1 ^ (0 &- (shift & 1)))
      guard old <= header.oldSize, length <= header.oldSize - old else { throw .sourceOutOfRange }
      let new = newEnd + gap
      all.append(Cover(old: old, new: new, length: length))
      newEnd = new + length
      oldEnd = old + length
      coveredSize += length
    }
    guard position == bytes.count else { throw .corruptStream }
  }
}
