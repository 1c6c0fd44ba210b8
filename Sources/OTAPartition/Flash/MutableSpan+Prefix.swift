extension MutableSpan<UInt8> {
  /// The first bytes, to be written through.
  ///
  /// The one place that uses the provisional name of this operation in the standard library of Swift 6.3.
  @_lifetime(&self)
  mutating func prefix(_ count: Int) -> MutableSpan<UInt8> {
    _mutatingExtracting(first: count)
  }
}
