public import OTACore

/// What an init packet says of the firmware that follows it.
///
/// - Note: Source: nRF5 SDK and `nrfutil`, `dfu-cc.proto`, `InitCommand`; how many there may be of what: the SDK's
///   `dfu-cc.options`.
public struct NordicInitCommand: Equatable, Sendable {
  /// What kind of firmware it is.
  public enum FirmwareType: UInt8, Sendable {
    /// An application.
    case application = 0
    /// A SoftDevice, the protocol stack.
    case softDevice = 1
    /// A boot loader.
    case bootLoader = 2
    /// A SoftDevice, and behind it a boot loader.
    case softDeviceAndBootLoader = 3
    /// Firmware for another processor.
    case externalApplication = 4
  }

  /// The function of the hash over the firmware.
  public enum HashType: UInt8, Sendable {
    /// No hash.
    case none = 0
    /// CRC-32.
    case crc = 1
    /// The first half of SHA-256.
    case sha128 = 2
    /// SHA-256.
    case sha256 = 3
    /// SHA-512.
    case sha512 = 4
  }

  /// What the boot loader checks before it starts the firmware, each time.
  public enum ValidationType: UInt8, Sendable {
    /// Nothing.
    case none = 0
    /// A CRC-32 that it makes itself.
    case generatedCRC = 1
    /// A SHA-256.
    case sha256 = 2
    /// A signature over the firmware.
    case ecdsaP256SHA256 = 3
  }

  /// The most bytes of a hash.
  public static var maximumHashSize: Int { 32 }
  /// The most SoftDevices that are listed.
  public static var maximumSoftDeviceCount: Int { 16 }
  /// The most validations.
  public static var maximumValidationCount: Int { 3 }
  /// In the list of SoftDevices: any of them.
  public static var anySoftDevice: UInt32 { 0xfffe }

  /// The version of the firmware: one that counts up, no rollback.
  public var firmwareVersion: UInt32?
  /// The version of the hardware that it is for.
  public var hardwareVersion: UInt32?
  /// What kind of firmware it is.
  public var type: FirmwareType
  /// The length of the SoftDevice, in bytes.
  public var softDeviceSize: UInt32?
  /// The length of the boot loader, in bytes.
  public var bootLoaderSize: UInt32?
  /// The length of the application, in bytes.
  public var applicationSize: UInt32?
  /// The hash over the firmware.
  public var hash: NordicHash?
  /// Whether versions are not checked, if the boot loader is one for development.
  public var isDebug: Bool?
  /// How many SoftDevices are listed.
  public private(set) var softDeviceCount = 0
  /// How many validations there are.
  public private(set) var validationCount = 0

  private var softDevices = InlineArray<16, UInt32>(repeating: 0)
  private var validations = InlineArray<3, NordicValidation?>(repeating: nil)

  /// Makes a command that says nothing but a kind; set the other properties afterwards.
  public init(_ type: FirmwareType) { self.type = type }

  /// The SoftDevice with this index, by the identifier of its firmware.
  ///
  /// - Precondition: the index is from 0 to ``softDeviceCount`` - 1.
  public func softDevice(_ index: Int) -> UInt32 {
    precondition(index >= 0 && index < softDeviceCount, "no such SoftDevice")
    return softDevices[index]
  }

  /// The validation with this index.
  ///
  /// - Precondition: the index is from 0 to ``validationCount`` - 1.
  public func validation(_ index: Int) -> NordicValidation {
    precondition(index >= 0 && index < validationCount, "no such validation")
    guard let validation = validations[index] else { preconditionFailure("no such validation") }
    return validation
  }

  /// Lists one more SoftDevice.
  ///
  /// - Throws: ``NordicError/tooLarge`` if there are ``maximumSoftDeviceCount``.
  public mutating func addSoftDevice(_ identifier: UInt32) throws(NordicError) {
    guard softDeviceCount < NordicInitCommand.maximumSoftDeviceCount else { throw .tooLarge }
    softDevices[softDeviceCount] = identifier
    softDeviceCount += 1
  }

  /// Adds a validation.
  ///
  /// - Throws: ``NordicError/tooLarge`` if there are ``maximumValidationCount``.
  public mutating func addValidation(_ validation: NordicValidation) throws(NordicError) {
    guard validationCount < NordicInitCommand.maximumValidationCount else { throw .tooLarge }
    validations[validationCount] = validation
    validationCount += 1
  }

  /// The length of the firmware, in bytes, by the parts that its kind has; `nil` if one of them is missing or 0, or they
  /// are more than 32 bits count.
  public var firmwareSize: UInt32? {
    func size(_ part: UInt32?) -> UInt32? { part == 0 ? nil : part }
    switch type {
    case .application, .externalApplication: return size(applicationSize)
    case .softDevice: return size(softDeviceSize)
    case .bootLoader: return size(bootLoaderSize)
    case .softDeviceAndBootLoader:
      guard let first = size(softDeviceSize), let second = size(bootLoaderSize) else { return nil }
      let (sum, isBeyond) = first.addingReportingOverflow(second)
      return isBeyond ? nil : sum
    }
  }

  /// Refuses firmware that is not the one that this command is for.
  ///
  /// - Parameters:
  ///   - size: the length of the firmware, in bytes.
  ///   - digest: its SHA-256.
  /// - Throws: ``NordicError/sizeMismatch``, ``NordicError/digestMismatch``; ``NordicError/hashMissing``;
  ///   ``NordicError/unsupportedHash`` if the hash is not SHA-256.
  public func requireFirmware(size: UInt32, digest: Digest) throws(NordicError) {
    guard firmwareSize == size else { throw .sizeMismatch }
    guard let hash, hash.type != .none else { throw .hashMissing }
    guard let expected = hash.digest else { throw .unsupportedHash }
    guard expected == digest else { throw .digestMismatch }
  }

  /// Refuses firmware for other devices, and older one.
  ///
  /// A command that does not list any SoftDevice is for none; one without a version is refused, as the boot loader
  /// does.
  ///
  /// - Parameters:
  ///   - hardwareVersion: that of the device.
  ///   - softDevice: the identifier of the SoftDevice that is there; `nil` if there is none.
  ///   - minimumVersion: the version of the firmware that is there; the same is not an error.
  /// - Throws: ``NordicError/wrongHardware``, ``NordicError/wrongSoftDevice``, ``NordicError/versionTooLow``.
  public func require(
    hardwareVersion: UInt32, softDevice: UInt32?, minimumVersion: UInt32
  ) throws(NordicError) {
    guard self.hardwareVersion == hardwareVersion else { throw .wrongHardware }
    var isListed = softDeviceCount == 0 && softDevice == nil
    for index in 0..<softDeviceCount {
      let listed = softDevices[index]
      // Zero stands for no SoftDevice.
      if listed == NordicInitCommand.anySoftDevice || listed == softDevice ?? 0 { isListed = true }
    }
    guard isListed else { throw .wrongSoftDevice }
    guard let firmwareVersion, firmwareVersion >= minimumVersion else { throw .versionTooLow }
  }

  /// Compares all that is said.
  public static func == (left: NordicInitCommand, right: NordicInitCommand) -> Bool {
    guard left.firmwareVersion == right.firmwareVersion, left.hardwareVersion == right.hardwareVersion,
      left.type == right.type, left.softDeviceSize == right.softDeviceSize,
      left.bootLoaderSize == right.bootLoaderSize, left.applicationSize == right.applicationSize,
      left.hash == right.hash, left.isDebug == right.isDebug, left.softDeviceCount == right.softDeviceCount,
      left.validationCount == right.validationCount
    else { return false }
    for index in 0..<left.softDeviceCount where left.softDevices[index] != right.softDevices[index] {
      return false
    }
    for index in 0..<left.validationCount where left.validations[index] != right.validations[index] {
      return false
    }
    return true
  }
}

/// Some bytes of a packet, 64 at most.
public struct NordicBytes: Equatable, Sendable {
  /// The most bytes.
  public static var capacity: Int { 64 }

  private var storage = InlineArray<64, UInt8>(repeating: 0)
  private var count = 0

  /// No bytes.
  public init() {}

  /// Copies bytes; `nil` for more than ``capacity``.
  public init?(_ bytes: Span<UInt8>) {
    guard bytes.count <= NordicBytes.capacity else { return nil }
    count = bytes.count
    for index in 0..<count { storage[index] = bytes[index] }
  }

  /// The bytes.
  public var span: Span<UInt8> {
    @_lifetime(borrow self)
    borrowing get { storage.span.extracting(0..<count) }
  }

  /// Compares all bytes.
  public static func == (left: NordicBytes, right: NordicBytes) -> Bool {
    guard left.count == right.count else { return false }
    var difference: UInt8 = 0
    for index in 0..<64 { difference |= left.storage[index] ^ right.storage[index] }
    return difference == 0
  }

  /// The bytes, each half in reverse: r and s of ECDSA, as the rest of the world has them.
  var reversedHalves: NordicBytes {
    var other = self
    let half = count / 2
    for index in 0..<half {
      other.storage[index] = storage[half - 1 - index]
      other.storage[half + index] = storage[2 * half - 1 - index]
    }
    return other
  }
}

/// The hash of firmware in a command.
public struct NordicHash: Equatable, Sendable {
  /// The function.
  public var type: NordicInitCommand.HashType
  /// The hash as it stands in the command: the last byte first.
  public var bytes: NordicBytes

  /// Takes a hash as it stands in a command.
  public init(type: NordicInitCommand.HashType, bytes: NordicBytes) {
    self.type = type
    self.bytes = bytes
  }

  /// Turns a digest of SHA-256 around; `nil` for another function.
  public init?(_ digest: Digest) {
    guard digest.algorithm == .sha256 else { return nil }
    var reversed = InlineArray<32, UInt8>(repeating: 0)
    for index in 0..<32 { reversed[index] = digest.bytes[31 - index] }
    guard let bytes = NordicBytes(reversed.span) else { return nil }
    self.init(type: .sha256, bytes: bytes)
  }

  /// The digest, the right way round; `nil` if it is not one of SHA-256.
  public var digest: Digest? {
    guard type == .sha256, bytes.span.count == 32 else { return nil }
    var turned = InlineArray<32, UInt8>(repeating: 0)
    for index in 0..<32 { turned[index] = bytes.span[31 - index] }
    do throws(ParseError) {
      return try Digest(algorithm: .sha256, bytes: turned.span)
    } catch {
      return nil
    }
  }
}

/// What the boot loader checks before it starts the firmware, each time.
public struct NordicValidation: Equatable, Sendable {
  /// What kind of check.
  public var type: NordicInitCommand.ValidationType
  /// A hash or a signature, least significant byte first; nothing where the boot loader makes it itself.
  public var bytes: NordicBytes

  /// Makes a validation from its parts.
  public init(type: NordicInitCommand.ValidationType, bytes: NordicBytes) {
    self.type = type
    self.bytes = bytes
  }
}
