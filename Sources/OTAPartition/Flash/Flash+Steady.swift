extension Flash where Self: ~Copyable {
  /// Whether bytes read the same each time, as far as 24 readings tell.
  ///
  /// What an interrupted operation touched may read as whole now and as something else at the next start. The layouts
  /// of other boot loaders have no second write that would prove that the first one ended, as our journal has. So what is
  /// about to be the only copy is read repeatedly.
  ///
  /// - Parameter range: both ends are multiples of the unit of reading.
  /// - Returns: false if a reading differs or fails.
  /// - Throws: if the power goes.
  mutating func isSteady(_ range: Range<UInt32>) throws(StorageError) -> Bool {
    do throws(FlashError) {
      let expected = try checksum(of: range)
      for _ in 0..<23 where try checksum(of: range) != expected { return false }
      return true
    } catch {
      guard error != .powerLost else { throw .flash(error) }
      return false
    }
  }

  private mutating func checksum(of range: Range<UInt32>) throws(FlashError) -> UInt32 {
    var crc = CRC32()
    var buffer = InlineArray<64, UInt8>(repeating: 0)
    var position = range.lowerBound
    while position < range.upperBound {
      let count = min(64, Int(range.upperBound - position))
      var whole = buffer.mutableSpan
      var window = whole.prefix(count)
      try read(into: &window, at: position)
      crc.update(buffer.span.extracting(0..<count))
      position += UInt32(count)
    }
    return crc.checksum
  }
}
