public import OTACore
public import OTACrypto

/// A manifest whose signer is known, but which was not held against any device.
///
/// For servers and tools; a device installs a `VerifiedManifest` only.
public struct AuthenticatedManifest: Equatable, Sendable {
  /// What was signed.
  public let manifest: Manifest
  /// The digest of the envelope that carried it.
  public let updateID: Digest
  /// Whose signature was good.
  public let signer: KeyIdentifier

  init(manifest: Manifest, updateID: Digest, signer: KeyIdentifier) {
    self.manifest = manifest
    self.updateID = updateID
    self.signer = signer
  }
}
