/// Compares all bytes, without an early exit: the time tells nothing about where two secrets differ.
///
/// The lengths are not secret: different lengths return at once.
///
/// - Parameters:
///   - left: some bytes.
///   - right: the bytes to hold against them.
/// - Returns: whether both have the same bytes.
public func isEqualInConstantTime(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
  guard left.count == right.count else { return false }
  var difference: UInt8 = 0
  for index in 0..<left.count { difference |= left[index] ^ right[index] }
  return difference == 0
}
