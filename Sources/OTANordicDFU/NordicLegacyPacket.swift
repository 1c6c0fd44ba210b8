public import OTACore
import OTACrypto
import OTACryptoOpenSSL
public import OTAPartition

/// An init packet of the SDKs before signatures were the rule, as `adafruit-nrfutil` writes it; it is only read.
///
/// Device type and revision, version, a list of SoftDevices, and then by its length: a CRC-16 of the firmware, with or
/// without a number before it, its length and SHA-256, or these and a signature. Nothing is turned around here.
///
/// - Note: Source: `adafruit-nrfutil`, `init_packet.py` and `package.py`; all fields are little endian.
public struct NordicLegacyPacket: Sendable {
  /// What is said of the firmware.
  public enum Integrity: Equatable, Sendable {
    /// A checksum: that nothing broke.
    case checksum(UInt16)
    /// Length and SHA-256.
    case digest(size: UInt32, Digest)
    /// Length and SHA-256, signed.
    case signed(size: UInt32, Digest)
  }

  /// The most bytes of a packet: project decision, far above what the tools write.
  public static let maximumSize = 512

  /// Which kind of device it is for; 65535 for any.
  public let deviceType: UInt16
  /// Which revision of the device; 65535 for any.
  public let deviceRevision: UInt16
  /// The version of the application.
  public let applicationVersion: UInt32
  /// The SoftDevices that it works with; 65534 for any.
  public let softDevices: [UInt16]
  /// What is said of the firmware.
  public let integrity: Integrity

  private let signedBytes: [UInt8]
  private let signature: [UInt8]

  /// Reads a packet.
  ///
  /// - Parameter bytes: the contents of a `.dat` file.
  /// - Throws: `NordicError.malformed(_:)`.
  public init(parsing bytes: Span<UInt8>) throws(NordicError) {
    do throws(ParseError) {
      guard bytes.count <= NordicLegacyPacket.maximumSize else { throw ParseError(.limitExceeded, at: 0) }
      var cursor = ByteCursor(bytes)
      deviceType = try cursor.readLittleEndian(UInt16.self)
      deviceRevision = try cursor.readLittleEndian(UInt16.self)
      applicationVersion = try cursor.readLittleEndian(UInt32.self)
      let count = try cursor.readLittleEndian(UInt16.self)
      var softDevices: [UInt16] = []
      // Each takes two bytes, so that the packet ends long before a wrong count does.
      for _ in 0..<count { softDevices.append(try cursor.readLittleEndian(UInt16.self)) }
      self.softDevices = softDevices
      if cursor.remaining == 2 {
        integrity = .checksum(try cursor.readLittleEndian(UInt16.self))
        (signedBytes, signature) = ([], [])
        return
      }
      let offset = cursor.offset
      switch try cursor.readLittleEndian(UInt32.self) {
      case 0:
        integrity = .checksum(try cursor.readLittleEndian(UInt16.self))
        (signedBytes, signature) = ([], [])
      case 1:
        integrity = .digest(
          size: try cursor.readLittleEndian(UInt32.self),
          try Digest(algorithm: .sha256, bytes: cursor.readBytes(count: 32)))
        (signedBytes, signature) = ([], [])
      case 2:
        integrity = .signed(
          size: try cursor.readLittleEndian(UInt32.self),
          try Digest(algorithm: .sha256, bytes: cursor.readBytes(count: 32)))
        let end = cursor.offset
        signedBytes = (0..<end).map { bytes[$0] }
        let rest = try cursor.readBytes(count: 64)
        signature = (0..<64).map { rest[$0] }
      default: throw ParseError(.unsupported, at: offset)
      }
      try cursor.requireEnd()
    } catch {
      throw .malformed(error)
    }
  }

  /// Holds firmware against what the packet says of it; anybody may have written the packet.
  ///
  /// - Parameter firmware: the firmware.
  /// - Throws: `NordicError.sizeMismatch`, `NordicError.digestMismatch`, the latter also for a wrong checksum.
  public func requireFirmware(_ firmware: [UInt8]) throws(NordicError) {
    switch integrity {
    case .checksum(let checksum):
      guard checksum == CRC16.checksum(of: firmware.span) else { throw .digestMismatch }
    case .digest(let size, let digest), .signed(let size, let digest):
      guard firmware.count == size else { throw .sizeMismatch }
      guard OpenSSLSHA256.digest(of: firmware.span) == digest else { throw .digestMismatch }
    }
  }

  /// Checks the signature, and then the firmware.
  ///
  /// - Parameters:
  ///   - firmware: the firmware.
  ///   - verifier: checks the signature with the key that is trusted.
  /// - Throws: `NordicError.signatureMissing`, `NordicError.crypto(_:)`; then what ``requireFirmware(_:)`` throws.
  public func verify(_ firmware: [UInt8], by verifier: some NordicSignatureVerifier) throws(NordicError) {
    guard case .signed = integrity else { throw .signatureMissing }
    do throws(CryptoError) {
      try verifier.verify(signature: signature.span, of: signedBytes.span)
    } catch {
      throw .crypto(error)
    }
    try requireFirmware(firmware)
  }
}

/// The CRC-16 of those packets: polynomial 0x1021, beginning with 0xffff.
///
/// - Note: Source: `adafruit-nrfutil`, `crc16.py`; check value 0x29b1 for the ASCII digits 1 to 9.
enum CRC16 {
  static func checksum(of bytes: Span<UInt8>) -> UInt16 {
    var remainder: UInt16 = 0xffff
    for index in 0..<bytes.count {
      remainder ^= UInt16(bytes[index]) << 8
      for _ in 0..<8 {
        let isHigh = remainder & 0x8000 != 0
        remainder <<= 1
        if isHigh { remainder ^= 0x1021 }
      }
    }
    return remainder
  }
}
