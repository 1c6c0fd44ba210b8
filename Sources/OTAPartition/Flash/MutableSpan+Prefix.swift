extension MutableSpan<UInt8> {
  /// The first bytes, to be written through.
  ///
  /// This file is the one place that uses the provisional names of these operations in the standard library of Swift 6.3.
  @_lifetime(&self)
  mutating func prefix(_ count: Int) -> MutableSpan<UInt8> {
    _mutatingExtracting(first: count)
  }

  /// The last bytes, likewise.
  @_lifetime(&self)
  mutating func suffix(_ count: Int) -> MutableSpan<UInt8> {
    _mutatingExtracting(last: count)
  }
}
