extension MutableSpan<UInt8> {
  /// The first bytes, to be written through.
  ///
  /// With ``dropping(_:)`` the one place that uses the provisional name of this operation in the standard library of
  /// Swift 6.3.
  @_lifetime(&self)
  package mutating func prefix(_ count: Int) -> MutableSpan<UInt8> {
    _mutatingExtracting(first: count)
  }

  /// All but the first bytes, to be written through.
  @_lifetime(&self)
  package mutating func dropping(_ count: Int) -> MutableSpan<UInt8> {
    _mutatingExtracting(droppingFirst: count)
  }
}
