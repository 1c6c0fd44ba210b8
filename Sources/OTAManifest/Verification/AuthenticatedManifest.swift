public import OTACore
public import OTACrypto

/// A manifest whose signers are known, but which was not held against any device.
///
/// For servers and tools; a device installs a `VerifiedManifest` only.
public struct AuthenticatedManifest: Equatable, Sendable {
  /// What was signed.
  public let manifest: Manifest
  /// The digest of the envelope that carried it.
  public let updateID: Digest
  /// Whose signatures were good, each key once, in the order of the first signature of each; at least one.
  public let signers: [KeyIdentifier]

  /// Whose signature was good: the first of ``signers``.
  public var signer: KeyIdentifier { signers[0] }

  /// - Precondition: there is a signer.
  init(manifest: Manifest, updateID: Digest, signers: [KeyIdentifier]) {
    precondition(!signers.isEmpty, "nobody has signed")
    self.manifest = manifest
    self.updateID = updateID
    self.signers = signers
  }
}
