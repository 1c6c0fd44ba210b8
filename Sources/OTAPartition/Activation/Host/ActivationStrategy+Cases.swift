#if !hasFeature(Embedded)
// A list of all ways is an array, and the device core has no heap.
extension ActivationStrategy.Kind: CaseIterable {
  /// Every way.
  public static var allCases: [ActivationStrategy.Kind] {
    [.direct, .swapWithScratch, .swapByMove, .swapByOffset, .overwrite]
  }
}
#endif
