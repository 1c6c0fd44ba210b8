import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTAMCUbootOpenSSL
import OTAPartition
import Testing

/// What is done with images here, with the hash function chosen by name.
enum ImageBench {
  static let firmware: [UInt8] = (0..<37).map { UInt8(truncatingIfNeeded: $0 * 7 + 3) }

  static func sign(
    _ image: MCUbootImage = MCUbootImage(version: MCUbootVersion(1, 2, 3, build: 4)),
    _ firmware: [UInt8] = firmware, by signer: any MCUbootImageSigner, _ algorithm: DigestAlgorithm,
    encryptedBy encryption: (any MCUbootImageEncryption)? = nil, isClear: Bool = false
  ) async throws(MCUbootError) -> [UInt8] {
    switch algorithm {
    case .sha384:
      try await image.signed(
        firmware, by: signer, using: OpenSSLSHA384.self, encryptedBy: encryption, isClear: isClear)
    case .sha512:
      try await image.signed(
        firmware, by: signer, using: OpenSSLSHA512.self, encryptedBy: encryption, isClear: isClear)
    default:
      try await image.signed(
        firmware, by: signer, using: OpenSSLSHA256.self, encryptedBy: encryption, isClear: isClear)
    }
  }

  /// Verifies an image that is all of a device, with the hash that it names.
  @discardableResult
  static func verify(_ bytes: [UInt8], by verifier: TestVerifier) throws(MCUbootError) -> MCUbootContents {
    var flash = try flash(bytes)
    let container = try MCUbootContainer(reading: &flash, in: 0..<UInt32(bytes.count))
    return switch try container.hashType(on: &flash) {
    case .sha384: try container.verify(on: &flash, using: OpenSSLSHA384.self, by: verifier).contents
    case .sha512: try container.verify(on: &flash, using: OpenSSLSHA512.self, by: verifier).contents
    default: try container.verify(on: &flash, using: OpenSSLSHA256.self, by: verifier).contents
    }
  }

  /// The same for one that is encrypted, and decrypted with a key, or lies there decrypted.
  @discardableResult
  static func verify(
    _ bytes: [UInt8], by verifier: TestVerifier, decryptedWith key: OpenSSLPrivateKey?
  ) throws(MCUbootError) -> MCUbootContents {
    var flash = try flash(bytes)
    let container = try MCUbootContainer(reading: &flash, in: 0..<UInt32(bytes.count))
    let type = try container.hashType(on: &flash)
    guard let key else {
      return switch type {
      case .sha384:
        try container.verifyDecrypted(on: &flash, using: OpenSSLSHA384.self, by: verifier).contents
      case .sha512:
        try container.verifyDecrypted(on: &flash, using: OpenSSLSHA512.self, by: verifier).contents
      default: try container.verifyDecrypted(on: &flash, using: OpenSSLSHA256.self, by: verifier).contents
      }
    }
    var cipher = try OpenSSLMCUbootCipher.opening(container, on: &flash, with: key)
    return switch type {
    case .sha384:
      try container.verifyEncrypted(
        on: &flash, using: OpenSSLSHA384.self, by: verifier, decrypting: &cipher
      ).contents
    case .sha512:
      try container.verifyEncrypted(
        on: &flash, using: OpenSSLSHA512.self, by: verifier, decrypting: &cipher
      ).contents
    default:
      try container.verifyEncrypted(
        on: &flash, using: OpenSSLSHA256.self, by: verifier, decrypting: &cipher
      ).contents
    }
  }

  private static func flash(_ bytes: [UInt8]) throws(MCUbootError) -> ImageFlash {
    do throws(FlashError) {
      return try ImageFlash(bytes)
    } catch {
      throw .flash(error)
    }
  }

  /// The TLVs behind the firmware of an image without protected ones: type and value.
  static func tlvs(_ bytes: [UInt8]) -> [(type: UInt16, value: [UInt8])] {
    var position = tlvStart(bytes) + 4
    var tlvs: [(UInt16, [UInt8])] = []
    while position + 4 <= bytes.count {
      let type = UInt16(bytes[position]) | UInt16(bytes[position + 1]) << 8
      let length = Int(bytes[position + 2]) | Int(bytes[position + 3]) << 8
      tlvs.append((type, Array(bytes[position + 4..<position + 4 + length])))
      position += 4 + length
    }
    return tlvs
  }

  /// The same image with other TLVs behind the firmware.
  static func replacing(_ bytes: [UInt8], _ tlvs: [(type: UInt16, value: [UInt8])]) -> [UInt8] {
    var area: [UInt8] = []
    for (type, value) in tlvs { area += pair(type, UInt16(value.count)) + value }
    return Array(bytes[..<tlvStart(bytes)]) + pair(0x6907, UInt16(area.count + 4)) + area
  }

  private static func tlvStart(_ bytes: [UInt8]) -> Int {
    let header = Int(bytes[8]) | Int(bytes[9]) << 8
    let protected = Int(bytes[10]) | Int(bytes[11]) << 8
    return header + protected + (0..<4).reduce(0) { $0 | Int(bytes[12 + $1]) << (8 * $1) }
  }

  private static func pair(_ first: UInt16, _ second: UInt16) -> [UInt8] {
    [first, second].flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
  }
}
