/// A manifest whose signature, digest, sequence number and compatibility were checked on this device.
///
/// Only the verifier of `OTAManifest` makes one. Without it no slot can be written and no image activated: a program
/// that installs something unverified does not compile.
public struct VerifiedManifest: ~Copyable, Sendable {
  /// What was signed.
  public let manifest: Manifest
  /// The digest of the envelope that carried it; names the update in the journal, in reports and on the server.
  public let updateID: Digest

  /// Vouches for a manifest; to be called by the verifier only.
  package init(manifest: Manifest, updateID: Digest) {
    self.manifest = manifest
    self.updateID = updateID
  }
}
