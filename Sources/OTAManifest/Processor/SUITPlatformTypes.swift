public import OTACore

/// The number that a platform gives one of its components.
public struct SUITComponentHandle: Equatable, Sendable {
  /// The number.
  public var rawValue: UInt16

  /// Makes a handle from the platform's number.
  public init(_ rawValue: UInt16) {
    self.rawValue = rawValue
  }
}

/// The name of a component: a list of byte strings, read where it stands.
public struct SUITComponentName: ~Escapable {
  /// The list, encoded in CBOR.
  public let encoded: Span<UInt8>

  @_lifetime(copy encoded)
  init(_ encoded: Span<UInt8>) {
    self.encoded = encoded
  }

  /// How many parts the name has.
  public var count: Int {
    var reader = CBORReader(encoded)
    do throws(ManifestError) { return try readArrayHeader(&reader) } catch { return 0 }
  }

  /// One part of the name; empty if there are not so many.
  @_lifetime(copy self)
  public func part(_ index: Int) -> Span<UInt8> {
    var reader = CBORReader(encoded)
    var range = 0..<0
    do throws(ManifestError) {
      guard index >= 0, index < (try readArrayHeader(&reader)) else { return encoded.extracting(0..<0) }
      for _ in 0...index { range = try readByteStringRange(&reader) }
    } catch {
      return encoded.extracting(0..<0)
    }
    return encoded.extracting(range)
  }

  /// Whether the name is a list of one part, with these bytes.
  public func isOnly(_ bytes: Span<UInt8>) -> Bool {
    guard count == 1 else { return false }
    let part = part(0)
    guard part.count == bytes.count else { return false }
    for index in 0..<bytes.count where part[index] != bytes[index] { return false }
    return true
  }
}

/// What an identifier names.
public enum SUITIdentity: UInt8, Sendable {
  /// The vendor, by an identifier of 16 bytes.
  case vendor
  /// The vendor, by its private enterprise number as a relative object identifier.
  ///
  /// - Note: Source: draft-ietf-suit-manifest-37, section 8.4.8.1; RFC 9090.
  case vendorEnterpriseNumber
  /// The class of devices, by an identifier of 16 bytes.
  case deviceClass
  /// One device, by an identifier of 16 bytes.
  case device
}

/// A component, and what the manifest says of its contents.
public struct SUITTarget: Equatable, Sendable {
  /// Which component.
  public var component: SUITComponentHandle
  /// Its slot, if the manifest chooses one.
  public var slot: UInt64?
  /// The length of the contents in bytes, if the manifest names it.
  public var size: UInt64?
  /// The digest of the contents, if the manifest names it.
  public var digest: Digest?

  /// Makes a target from its parts.
  public init(
    component: SUITComponentHandle, slot: UInt64? = nil, size: UInt64? = nil, digest: Digest? = nil
  ) {
    self.component = component
    self.slot = slot
    self.size = size
    self.digest = digest
  }
}

/// What else the manifest says of a transfer; each is empty if it says nothing.
public struct SUITTransferOptions: ~Escapable {
  /// Parameter 25, the arguments of the fetch.
  public let fetchArguments: Span<UInt8>
  /// Parameter 19, how the payload was encrypted: draft-ietf-suit-firmware-encryption.
  public let encryptionInfo: Span<UInt8>

  @_lifetime(copy fetchArguments, copy encryptionInfo)
  init(fetchArguments: Span<UInt8>, encryptionInfo: Span<UInt8>) {
    self.fetchArguments = fetchArguments
    self.encryptionInfo = encryptionInfo
  }
}

/// What became of an invoked component.
public enum SUITInvocation: UInt8, Sendable {
  /// It has ended; the next command follows.
  case returned
  /// It runs as soon as the procedure is left, which ends here with success.
  case transferred
}

/// A version, as a list of numbers: 1.2-rc.3 is 1, 2, -1, 3.
///
/// - Note: Source: draft-ietf-suit-update-management, section 4.4.
public struct SUITVersion: Equatable, Sendable {
  /// The most numbers that a version has.
  public static var capacity: Int { 8 }

  private var numbers: InlineArray<8, Int64>
  private var length: UInt8

  /// Takes the numbers, of which there are at most ``capacity``; further ones are dropped.
  public init(_ numbers: Span<Int64>) {
    self.numbers = InlineArray(repeating: 0)
    length = UInt8(min(numbers.count, SUITVersion.capacity))
    for index in 0..<Int(length) { self.numbers[index] = numbers[index] }
  }

  /// Takes a version of the core.
  public init(_ version: Version) {
    numbers = InlineArray(repeating: 0)
    numbers[0] = Int64(version.major)
    numbers[1] = Int64(version.minor)
    numbers[2] = Int64(version.patch)
    length = 3
  }

  /// One of the numbers; those that are not there count as zero.
  subscript(_ index: Int) -> Int64 {
    index < Int(length) ? numbers[index] : 0
  }

  /// Compares the numbers.
  public static func == (left: SUITVersion, right: SUITVersion) -> Bool {
    guard left.length == right.length else { return false }
    for index in 0..<SUITVersion.capacity where left[index] != right[index] { return false }
    return true
  }
}

/// How a command ended.
public struct SUITRecord: Equatable, Sendable {
  /// The code of the command.
  public var command: Int64
  /// The component that it was for.
  public var component: SUITComponentHandle
  /// What its author wants to know: bit 0 successes, bit 1 failures, bits 2 and 3 the same with facts of the system.
  ///
  /// - Note: Source: draft-ietf-suit-manifest-37, section 8.4.7.
  public var policy: UInt8
  /// Whether it succeeded.
  public var isSuccess: Bool

  /// Makes a record from its parts.
  public init(command: Int64, component: SUITComponentHandle, policy: UInt8, isSuccess: Bool) {
    self.command = command
    self.component = component
    self.policy = policy
    self.isSuccess = isSuccess
  }
}

/// Why a platform could not do what a command asks.
public struct SUITPlatformFailure: Error, Equatable, Sendable {
  /// The stable number of what went wrong.
  public var code: ErrorCode

  /// Makes a failure from its number.
  public init(_ code: ErrorCode) {
    self.code = code
  }
}
