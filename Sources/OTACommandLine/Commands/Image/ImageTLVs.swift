import OTACore
import OTAPartition

/// The options for protected TLVs.
struct ImageTLVs: Sendable {
  private enum Value {
    case bytes([UInt8])
    case file(String)
  }

  private var securityCounter: UInt32?
  private var isCounterOfVersion = false
  private var dependencies: [MCUbootDependency] = []
  private var softwareType: String?
  private var vendorID: UniversalIdentifier?
  private var classID: UniversalIdentifier?
  private var vendorTLVs: [(type: UInt16, value: Value)] = []

  /// Takes the options.
  ///
  /// - Throws: a usage error.
  init(from arguments: inout ArgumentCursor) throws(UsageError) {
    if let text = try arguments.option("--security-counter") {
      isCounterOfVersion = text == "auto"
      securityCounter = isCounterOfVersion ? nil : UInt32(number: text)
      guard isCounterOfVersion || securityCounter != nil else {
        throw .invalidValue(
          name: "--security-counter", value: text, expected: "auto, or a whole number from 0 to \(UInt32.max)"
        )
      }
    }
    if let list = try arguments.option("--dependencies") {
      dependencies = try ImageDependencies.parse(list, name: "--dependencies")
    }
    softwareType = try arguments.option("--boot-record")
    if let softwareType, softwareType.utf8.count > MCUbootBootRecord.maximumTypeSize {
      throw .invalidValue(
        name: "--boot-record", value: softwareType,
        expected: "at most \(MCUbootBootRecord.maximumTypeSize) bytes")
    }
    vendorID = try Self.identifier("--vid", &arguments)
    classID = try Self.identifier("--cid", &arguments)
    for text in try arguments.options("--custom-tlv") { try addVendorTLV(text) }
  }

  private static func identifier(
    _ name: String, _ arguments: inout ArgumentCursor
  ) throws(UsageError) -> UniversalIdentifier? {
    guard let text = try arguments.option(name) else { return nil }
    guard let identifier = UniversalIdentifier(text) else {
      throw .invalidValue(
        name: name, value: text, expected: "a UUID such as bcc16965-6f3a-5338-9d83-d8b565c63bc7")
    }
    return identifier
  }

  private mutating func addVendorTLV(_ text: String) throws(UsageError) {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let type = UInt32(number: String(parts[0])).flatMap { UInt16(exactly: $0) }
    let value: Value? =
      if parts.count < 2 {
        nil
      } else if parts[1].hasPrefix("@") {
        .file(String(parts[1].dropFirst()))
      } else if parts[1].hasPrefix("0x") {
        [UInt8](hexadecimal: String(parts[1].dropFirst(2))).map { .bytes($0) }
      } else {
        .bytes(Array(parts[1].utf8))
      }
    guard let type, MCUbootTLV.isVendor(type), let value, !vendorTLVs.contains(where: { $0.type == type })
    else {
      throw .invalidValue(
        name: "--custom-tlv", value: text,
        expected: "TYPE=VALUE, each TYPE once and from 0xa0 to 0xfffe, VALUE text, 0xABCD or @FILE")
    }
    vendorTLVs.append((type, value))
  }

  /// Writes them into the description of an image.
  ///
  /// - Throws: what `InputFile` throws for a file.
  func apply(to image: inout MCUbootImage) throws(CommandFailure) {
    image.securityCounter =
      isCounterOfVersion ? MCUbootImage.securityCounter(of: image.version) : securityCounter
    image.dependencies = dependencies
    image.softwareType = softwareType
    image.vendorID = vendorID
    image.classID = classID
    image.vendorTLVs = []
    for (type, value) in vendorTLVs {
      switch value {
      case .bytes(let bytes):
        image.vendorTLVs.append(MCUbootImage.VendorTLV(rawType: type, value: bytes))
      case .file(let path):
        let bytes = try InputFile.read(path, limit: Int(UInt16.max))
        image.vendorTLVs.append(MCUbootImage.VendorTLV(rawType: type, value: bytes))
      }
    }
  }
}

/// The options for encryption.
struct ImageEncryption: Sendable {
  private let path: String
  private let contentKeySize: Int
  private let usesSHA512: Bool
  /// Whether the firmware is left as it is.
  let isClear: Bool
  /// Whether the boot loader keeps TLVs in the trailer, and not the keys in them.
  private let savesTLVs: Bool

  /// Takes the options; `nil` without `--encrypt`.
  ///
  /// - Throws: a usage error; also if an option needs `--encrypt`, and it is not there.
  init?(from arguments: inout ArgumentCursor) throws(UsageError) {
    let size = try arguments.option("--encrypt-keylen")
    let hash = try arguments.option("--hmac-sha")
    isClear = try arguments.flag("--clear")
    savesTLVs = try arguments.flag("--save-enctlv")
    switch size {
    case nil, "128": contentKeySize = 16
    case "256": contentKeySize = 32
    case .some(let text): throw .invalidValue(name: "--encrypt-keylen", value: text, expected: "128 or 256")
    }
    switch hash {
    case nil, "256": usesSHA512 = false
    case "512": usesSHA512 = true
    case .some(let text): throw .invalidValue(name: "--hmac-sha", value: text, expected: "256 or 512")
    }
    guard let path = try arguments.option("--encrypt") else {
      guard size == nil, hash == nil, !isClear, !savesTLVs else { throw .missingOption("--encrypt") }
      return nil
    }
    self.path = path
  }

  /// Reads the key of the devices.
  ///
  /// - Throws: as ``ImageKey/encryption(reading:contentKeySize:usesSHA512:)``.
  func read() throws(CommandFailure) -> any MCUbootImageEncryption {
    try ImageKey.encryption(reading: path, contentKeySize: contentKeySize, usesSHA512: usesSHA512)
  }

  /// How many bytes of the trailer each of the two keys takes before it is aligned.
  ///
  /// - Note: Source: `imgtool`, `_trailer_size`: 16 also for keys of 32 bytes.
  func trailerFieldSize(_ type: MCUbootTLVType) -> UInt32 {
    guard savesTLVs else { return 16 }
    let codeSize: UInt32 = usesSHA512 ? 64 : 32
    return switch type {
    case .encryptedKeyRSA2048: 256
    case .encryptedKeyP256: 65 + codeSize + UInt32(contentKeySize)
    default: 32 + codeSize + UInt32(contentKeySize)
    }
  }
}

extension UInt32 {
  /// Reads a number, decimal or hexadecimal with `0x`; `nil` for anything else.
  init?(number text: String) {
    let number = text.hasPrefix("0x") ? UInt32(text.dropFirst(2), radix: 16) : UInt32(text)
    // The initialisers take a sign.
    guard let number, text.allSatisfy({ $0.isHexDigit || $0 == "x" }) else { return nil }
    self = number
  }
}
