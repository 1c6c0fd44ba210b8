import OTACore
import OTACrypto

/// The bytes of a vector; a wrong digit in one shows itself at once.
func hex(_ text: String) -> [UInt8] {
  guard let bytes = [UInt8](hexadecimal: text) else { preconditionFailure("no hexadecimal digits: \(text)") }
  return bytes
}

extension [UInt8] {
  func flipping(_ bit: Int) -> [UInt8] {
    var copy = self
    copy[bit / 8] ^= 1 << (bit % 8)
    return copy
  }
}
