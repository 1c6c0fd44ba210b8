#if !hasFeature(Embedded)
public import OTACrypto

/// Something that signs init packets with one private key, wherever that is.
public protocol NordicSigner: Sendable {
  /// Signs bytes with ECDSA on P-256 and SHA-256.
  ///
  /// - Parameter message: the bytes to sign, not their digest.
  /// - Returns: r and s, 32 bytes each, most significant byte first.
  /// - Throws: a `CryptoError`; `CryptoError.unavailable` if the key can not be reached now.
  func signature(for message: [UInt8]) async throws(CryptoError) -> [UInt8]
}

extension NordicInitCommand {
  /// The command as bytes, which are what is signed: the same that `nrfutil` writes for the same values.
  public var serialized: [UInt8] {
    var bytes: [UInt8] = []
    bytes.appendField(1, firmwareVersion)
    bytes.appendField(2, hardwareVersion)
    if softDeviceCount > 0 {
      var list: [UInt8] = []
      for index in 0..<softDeviceCount { list.appendNumber(softDevice(index)) }
      bytes.appendField(3, list)
    }
    bytes.appendField(4, UInt32(type.rawValue))
    bytes.appendField(5, softDeviceSize)
    bytes.appendField(6, bootLoaderSize)
    bytes.appendField(7, applicationSize)
    if let hash { bytes.appendField(8, .message(hash.type.rawValue, hash.bytes)) }
    bytes.appendField(9, isDebug.map { $0 ? 1 : 0 })
    for index in 0..<validationCount {
      bytes.appendField(10, .message(validation(index).type.rawValue, validation(index).bytes))
    }
    return bytes
  }
}

extension NordicInitPacket {
  /// Writes a packet without a signature: boot loaders that check signatures refuse it.
  ///
  /// - Parameter command: what it says.
  /// - Returns: the contents of a `.dat` file.
  public static func unsigned(_ command: NordicInitCommand) -> [UInt8] {
    var packet: [UInt8] = []
    packet.appendField(1, wrapped(command))
    return packet
  }

  /// Writes a packet with a signature.
  ///
  /// - Parameters:
  ///   - command: what it says.
  ///   - signer: signs.
  /// - Returns: the contents of a `.dat` file.
  /// - Throws: ``NordicError/crypto(_:)`` if the signer gives no signature.
  public static func signed(
    _ command: NordicInitCommand, by signer: some NordicSigner
  ) async throws(NordicError) -> [UInt8] {
    let signature: [UInt8]
    do throws(CryptoError) {
      signature = try await signer.signature(for: command.serialized)
    } catch {
      throw .crypto(error)
    }
    guard signature.count == 64, let bytes = NordicBytes(signature.span) else {
      throw .crypto(.unavailable)
    }
    var message: [UInt8] = []
    message.appendField(1, wrapped(command))
    message.appendField(2, UInt32(SignatureType.ecdsaP256SHA256.rawValue))
    message.appendField(3, bytes.reversedHalves.octets)
    var packet: [UInt8] = []
    packet.appendField(2, message)
    return packet
  }

  /// The command with its number.
  private static func wrapped(_ command: NordicInitCommand) -> [UInt8] {
    var message: [UInt8] = []
    message.appendField(1, 1)
    message.appendField(2, command.serialized)
    return message
  }
}

extension NordicBytes {
  fileprivate var octets: [UInt8] { (0..<span.count).map { span[$0] } }
}

extension [UInt8] {
  /// A message of a kind and bytes.
  fileprivate static func message(_ kind: UInt8, _ bytes: NordicBytes) -> [UInt8] {
    var message: [UInt8] = []
    message.appendField(1, UInt32(kind))
    message.appendField(2, bytes.octets)
    return message
  }

  fileprivate mutating func appendNumber(_ value: UInt32) {
    var rest = value
    while rest >= 0x80 {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    append(UInt8(rest))
  }

  fileprivate mutating func appendField(_ number: UInt32, _ value: UInt32?) {
    guard let value else { return }
    appendNumber(number << 3)
    appendNumber(value)
  }

  fileprivate mutating func appendField(_ number: UInt32, _ bytes: [UInt8]) {
    appendNumber(number << 3 | 2)
    // Bytes of a packet are a few hundred.
    appendNumber(UInt32(clamping: bytes.count))
    self += bytes
  }
}
#endif
