import CDivsufsort

/// All suffixes of an image in order, to find the longest match of any bytes in it.
///
/// Takes four bytes a byte of the image, and 256 KiB.
struct SuffixArray {
  /// A place in the image and how many bytes agree there.
  struct Match: Equatable {
    var position: Int
    var length: Int
  }

  private let starts: [Int32]
  /// For each two bytes, where in the order the suffixes are that begin with them or with greater ones.
  private let buckets: [Int32]

  /// Sorts the suffixes.
  ///
  /// - Parameter image: at most `Int32.max` bytes.
  /// - Throws: ``DeltaEncoderError/imageTooLarge``; ``DeltaEncoderError/outOfMemory`` if the sorter has no memory.
  init(_ image: [UInt8]) throws(DeltaEncoderError) {
    guard let count = Int32(exactly: image.count) else { throw .imageTooLarge }
    guard count > 0 else {
      starts = []
      buckets = []
      return
    }
    var starts = [Int32](repeating: 0, count: image.count)
    let status = unsafe image.withUnsafeBufferPointer { text in
      unsafe starts.withUnsafeMutableBufferPointer { array in
        unsafe divsufsort(text.baseAddress, array.baseAddress, count)
      }
    }
    guard status == 0 else { throw .outOfMemory }
    self.starts = starts
    buckets = SuffixArray.bucketsOf(image)
  }

  private static func bucketsOf(_ image: [UInt8]) -> [Int32] {
    let image = image.span
    var buckets = [Int32](repeating: 0, count: (1 << 16) + 1)
    for index in 1..<image.count {
      buckets[Int(image[index - 1]) << 8 + Int(image[index]) + 1] += 1
    }
    // The suffix of one byte is before those of two bytes that begin with it.
    buckets[Int(image[image.count - 1]) << 8] += 1
    for index in 1..<buckets.count { buckets[index] += buckets[index - 1] }
    return buckets
  }

  /// The longest match of the bytes of `new` from `start` on.
  ///
  /// The search remembers how many bytes agree with both ends of the interval, so that long matches are compared
  /// once and not once a step.
  ///
  /// - Parameters:
  ///   - new: holds the bytes to find.
  ///   - start: where they begin.
  ///   - old: the image that was sorted.
  /// - Returns: the match; of equally long ones always the same. Length 0 if no byte agrees.
  func longestMatch(of new: Span<UInt8>, from start: Int, in old: Span<UInt8>) -> Match {
    guard !starts.isEmpty else { return Match(position: 0, length: 0) }
    var low = 0
    var high = starts.count - 1
    if start + 1 < new.count {
      // The place in the order is between the last suffix before those with the same two bytes and the first behind.
      let bucket = Int(new[start]) << 8 + Int(new[start + 1])
      low = max(low, Int(buckets[bucket]) - 1)
      high = min(high, Int(buckets[bucket + 1]))
    }
    var lowLength = commonLength(new, start, old, Int(starts[low]), from: 0)
    var highLength = commonLength(new, start, old, Int(starts[high]), from: 0)
    while high - low > 1 {
      let middle = low + (high - low) / 2
      let position = Int(starts[middle])
      let length = commonLength(new, start, old, position, from: min(lowLength, highLength))
      if isSuffixBelow(position, old, new, start, length) {
        low = middle
        lowLength = length
      } else {
        high = middle
        highLength = length
      }
    }
    return lowLength > highLength
      ? Match(position: Int(starts[low]), length: lowLength)
      : Match(position: Int(starts[high]), length: highLength)
  }

  /// Whether the suffix sorts before the bytes to find, when `length` bytes of both agree.
  private func isSuffixBelow(
    _ position: Int, _ old: Span<UInt8>, _ new: Span<UInt8>, _ start: Int, _ length: Int
  ) -> Bool {
    guard position + length < old.count else { return true }
    guard start + length < new.count else { return false }
    return old[position + length] < new[start + length]
  }
}

/// How many bytes agree from two places on, when the first `known` are known to.
func commonLength(
  _ new: Span<UInt8>, _ start: Int, _ old: Span<UInt8>, _ position: Int, from known: Int
) -> Int {
  let limit = min(new.count - start, old.count - position)
  var length = known
  while length < limit, new[start + length] == old[position + length] { length += 1 }
  return length
}
