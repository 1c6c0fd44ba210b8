public import OTACore

/// What the signed part of an image of MCUboot says beyond its header.
///
/// Every value was parsed from the very bytes that were hashed.
public struct MCUbootContents: Sendable {
  /// The most dependencies that an image may have here: project decision, far above what one device has images.
  public static var maximumDependencyCount: Int { 8 }

  /// The hash of header, firmware and protected TLVs.
  public internal(set) var digest: Digest
  /// The security counter, if the image has one.
  public internal(set) var securityCounter: UInt32?
  /// The identifier of the vendor, if the image has one.
  public internal(set) var vendorID: UniversalIdentifier?
  /// The identifier of the class of devices, if the image has one.
  public internal(set) var classID: UniversalIdentifier?
  /// Where the record for measured boot is in flash, if the image has one.
  public internal(set) var bootRecord: Range<UInt32>?
  /// How many dependencies there are.
  public private(set) var dependencyCount = 0

  private var dependencies = InlineArray<8, MCUbootDependency>(
    repeating: MCUbootDependency(image: 0, minimumVersion: MCUbootVersion(0, 0)))

  init(digest: Digest) { self.digest = digest }

  /// The dependency with this index, in the order of the image.
  ///
  /// - Precondition: the index is from 0 to ``dependencyCount`` - 1.
  public func dependency(_ index: Int) -> MCUbootDependency {
    precondition(index >= 0 && index < dependencyCount, "no such dependency")
    return dependencies[index]
  }

  mutating func append(_ dependency: MCUbootDependency) throws(MCUbootError) {
    guard dependencyCount < MCUbootContents.maximumDependencyCount else { throw .tooManyDependencies }
    dependencies[dependencyCount] = dependency
    dependencyCount += 1
  }

  /// Refuses an image that is older than the device allows.
  ///
  /// - Parameter counter: the counter of the device; the same value is not an error.
  /// - Throws: ``MCUbootError/securityCounterMissing`` or ``MCUbootError/securityCounterTooLow``.
  public func requireSecurityCounter(atLeast counter: UInt32) throws(MCUbootError) {
    guard let securityCounter else { throw .securityCounterMissing }
    guard securityCounter >= counter else { throw .securityCounterTooLow }
  }
}

/// An image of MCUboot whose hash and signature were checked, with a key that is trusted.
///
/// Made by ``MCUbootContainer/verify(on:using:verifier:keys:)`` and its relatives only. It says what was in flash when it
/// was made; whoever writes to the slot afterwards must verify again.
public struct VerifiedMCUbootImage: ~Copyable, Sendable {
  /// Header and places of the image; the firmware lies there as it runs.
  public let container: MCUbootContainer
  /// What the signed TLVs say.
  public let contents: MCUbootContents
  /// Who signed: the hash of the key, with the function of the image's hash, as ``MCUbootSignature`` has it.
  public let keyHash: Digest

  init(container: MCUbootContainer, contents: MCUbootContents, keyHash: Digest) {
    self.container = container
    self.contents = contents
    self.keyHash = keyHash
  }
}

/// An image of MCUboot whose hash and signature were checked while its firmware was decrypted.
///
/// What is in flash is not what runs: whoever decrypts it must hash what comes out again, or verify it where he put it.
public struct VerifiedEncryptedMCUbootImage: ~Copyable, Sendable {
  /// Header and places of the image; the firmware lies there encrypted.
  public let container: MCUbootContainer
  /// What the signed TLVs say.
  public let contents: MCUbootContents
  /// Who signed: the hash of the key, with the function of the image's hash, as ``MCUbootSignature`` has it.
  public let keyHash: Digest

  init(container: MCUbootContainer, contents: MCUbootContents, keyHash: Digest) {
    self.container = container
    self.contents = contents
    self.keyHash = keyHash
  }
}
