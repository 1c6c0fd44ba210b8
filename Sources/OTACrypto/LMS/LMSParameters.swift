/// The parameter set of a tree of one-time keys: hash function, length of its output, height.
///
/// - Note: Source: RFC 8554, section 5.1, table 2; NIST SP 800-208, sections 4.1 to 4.4.
struct LMSTreeParameters: Equatable, Sendable {
  /// The number in keys and signatures.
  let type: UInt32
  /// Whether the hash function is SHAKE256 instead of SHA-256.
  let isSHAKE: Bool
  /// The bytes of output that are used: 32 or 24.
  let hashSize: Int
  /// How many levels there are above the leaves: 5 to 25.
  let height: Int

  /// Finds a set by its number; `nil` if there is none.
  init?(type: UInt32) {
    // Heights 5, 10, 15, 20, 25 of SHA-256/256, SHA-256/192, SHAKE256/256, SHAKE256/192, from 5 on without a gap.
    guard type >= 5, type <= 0x18 else { return nil }
    let index = Int(type) - 5
    self.type = type
    isSHAKE = index >= 10
    hashSize = (index / 5) % 2 == 0 ? 32 : 24
    height = 5 * (index % 5 + 1)
  }
}

/// The parameter set of one-time keys: hash function, length of its output, bits that one chain signs.
///
/// - Note: Source: RFC 8554, section 4.1, table 1 and appendix B; NIST SP 800-208, sections 4.1 to 4.4.
struct LMSOneTimeParameters: Equatable, Sendable {
  /// The number in keys and signatures.
  let type: UInt32
  /// Whether the hash function is SHAKE256 instead of SHA-256.
  let isSHAKE: Bool
  /// The bytes of output that are used: 32 or 24.
  let hashSize: Int
  /// The bits that one chain signs: 1, 2, 4 or 8.
  let width: Int

  /// Finds a set by its number; `nil` if there is none.
  init?(type: UInt32) {
    guard type >= 1, type <= 16 else { return nil }
    let index = Int(type) - 1
    self.type = type
    isSHAKE = index >= 8
    hashSize = (index / 4) % 2 == 0 ? 32 : 24
    width = 1 << (index % 4)
  }

  /// How many digits the hash has.
  var digits: Int { 8 * hashSize / width }

  /// How many digits the checksum has: those of the largest one, all digits zero.
  var checksumDigits: Int {
    var largest = ((1 << width) - 1) * digits
    var bits = 0
    while largest > 0 {
      bits += 1
      largest >>= 1
    }
    return (bits + width - 1) / width
  }

  /// How many chains there are.
  var chains: Int { digits + checksumDigits }

  /// How far the checksum is shifted, so that its digits are the first of 16 bits.
  var checksumShift: Int { 16 - checksumDigits * width }

  /// The length of a one-time signature, in bytes.
  var signatureSize: Int { 4 + hashSize * (1 + chains) }
}
