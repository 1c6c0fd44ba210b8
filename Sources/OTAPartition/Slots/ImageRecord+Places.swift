import OTACore

// The images of a slot as one run of bytes, one behind the other: how a payload brings them, and how the running ones are
// read when a patch is applied.

extension ImageRecord {
  /// How many images there are.
  var count: Int { 1 + companions.count }

  /// The image with this index, 0 being the first; `nil` if there are not so many.
  subscript(image index: Int) -> ImageDescription? { index == 0 ? image : companions[index - 1] }

  /// The length of all of them, in bytes; `nil` if that does not fit 32 bits.
  var totalSize: UInt32? {
    var total: UInt32 = 0
    for index in 0..<count {
      let (sum, overflow) = total.addingReportingOverflow(self[image: index]?.size ?? 0)
      guard !overflow else { return nil }
      total = sum
    }
    return total
  }

  /// Which byte of which image a byte of the run is, and how many bytes that image has from there on.
  ///
  /// - Parameter position: not more than ``totalSize``.
  /// - Returns: the index of the image and the byte in it; at the end of all, the end of the last image.
  func place(ofByte position: UInt32) -> (image: Int, offset: UInt32, remaining: UInt32) {
    var offset = position
    for index in 0..<count {
      let size = self[image: index]?.size ?? 0
      if offset < size || index == count - 1 { return (index, offset, size - min(size, offset)) }
      offset -= size
    }
    return (0, position, 0)
  }
}
