/// Codes one binary decision after the other: a decoder, an encoder, or something that counts what they would cost.
///
/// One interface for both directions, so that the model of the data is written once and cannot differ between them.
package protocol BitCoder: ~Copyable {
  /// Codes a decision.
  ///
  /// - Parameters:
  ///   - bit: the decision, 0 or 1; a decoder does not look at it.
  ///   - probability: of a 1, in 65,536ths, from 1 to 65,535.
  /// - Returns: the decision; what a decoder has read.
  mutating func code(_ bit: UInt32, probability: UInt32) -> UInt32
}
