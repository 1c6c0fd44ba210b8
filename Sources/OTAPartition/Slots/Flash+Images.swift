package import OTACore
package import OTACrypto

extension Flash where Self: ~Copyable {
  /// Digests the first bytes of a slot and compares.
  ///
  /// - Returns: whether the slot holds the image; false also where the image is empty or longer than the slot, its digest
  ///   is of another function, or the device cannot read it. The digest of nothing is right in any slot, and there is
  ///   nothing to jump to.
  /// - Throws: ``FlashError/powerLost`` only.
  package mutating func holds<Hash: HashFunction & ~Copyable>(
    _ image: ImageDescription, in slot: Range<UInt32>, using hash: Hash.Type
  ) throws(FlashError) -> Bool {
    guard image.size > 0, image.size <= slot.size, image.digest.algorithm == Hash.algorithm else {
      return false
    }
    var function = Hash()
    var buffer = InlineArray<512, UInt8>(repeating: 0)
    let unit = geometry.readSize
    var done: UInt32 = 0
    while done < image.size {
      let count = min(512, image.size - done)
      // The slot ends at the border of a unit, so that rounding up stays inside.
      let rounded = (count + unit - 1) / unit * unit
      do throws(FlashError) {
        var whole = buffer.mutableSpan
        var window = whole.prefix(Int(rounded))
        try read(into: &window, at: slot.lowerBound + done)
      } catch {
        guard error != .powerLost else { throw error }
        return false
      }
      function.update(buffer.span.extracting(0..<Int(count)))
      done += count
    }
    return function.finalize() == image.digest
  }

  /// Erases a slot and writes bytes to its start, the last unit padded with erased bytes.
  mutating func fill(_ slot: Range<UInt32>, with bytes: Span<UInt8>) throws(FlashError) {
    try erase(slot)
    let unit = Int(geometry.writeSize)
    let whole = bytes.count / unit * unit
    try write(bytes.extracting(0..<whole), at: slot.lowerBound)
    guard whole < bytes.count else { return }
    var tail = InlineArray<32, UInt8>(repeating: geometry.erasedByte)
    for index in whole..<bytes.count { tail[index - whole] = bytes[index] }
    try write(tail.span.extracting(0..<unit), at: slot.lowerBound + UInt32(whole))
  }
}
