public import OTACore

/// What the hashed part of an image of ESP-IDF says beyond its header.
///
/// The description was parsed from the very bytes that were hashed.
public struct EspressifContents: Sendable {
  /// The SHA-256 of header, segments and checksum; it is held against the one in the image if there is one there, see
  /// ``EspressifHeader/hasDigest``.
  public internal(set) var digest: Digest
  /// What the application says of itself; `nil` if its first segment does not begin so, as that of a boot loader.
  public internal(set) var description: EspressifDescription?

  /// Refuses an image that is older than the device allows.
  ///
  /// - Parameter version: the security version of the device; the same value is not an error.
  /// - Throws: ``EspressifError/descriptionMissing`` or ``EspressifError/secureVersionTooLow``.
  public func requireSecureVersion(atLeast version: UInt32) throws(EspressifError) {
    guard let description else { throw .descriptionMissing }
    guard description.secureVersion >= version else { throw .secureVersionTooLow }
  }
}

/// An image of ESP-IDF with a signature of a key that is trusted, checked together with checksum and SHA-256.
///
/// Made by ``EspressifContainer/verify(on:using:signedHash:verifier:keys:)`` only. It says what was in flash when it was
/// made; whoever writes to the slot afterwards must verify again.
public struct VerifiedEspressifImage: ~Copyable, Sendable {
  /// Header and places of the image.
  public let container: EspressifContainer
  /// What is in it.
  public let contents: EspressifContents
  /// Who signed.
  public let signer: EspressifPublicKey
  /// The digest by which the key is trusted.
  public let keyDigest: Digest

  init(container: EspressifContainer, contents: EspressifContents, block: borrowing EspressifSignatureBlock) {
    self.container = container
    self.contents = contents
    signer = block.key
    keyDigest = block.keyDigest
  }
}
