import OTACore
public import OTACrypto

/// Judges manifests on a device without heap: nothing is copied but digests and numbers.
///
/// What it accepts, ``ManifestVerifier`` accepts too, but for texts. It is narrower: every authentication block must be a COSE_Sign1
/// structure, digests are SHA-256, protected headers are bounded, patches must be native ones, and nothing else may have to be
/// installed before. Texts decide nothing, and are not read: a manifest with a broken one is accepted. Digests of the blocks
/// of the image are not made use of: the whole image is verified before it is activated.
public struct CompactManifestVerifier<Verifier: SignatureVerifier>: Sendable {
  private let verifier: Verifier
  private let keys: ManifestKeySet

  /// Takes a backend for signatures, and the keys.
  public init(verifier: Verifier, keys: ManifestKeySet) {
    self.verifier = verifier
    self.keys = keys
  }

  /// Judges an envelope for this device, in the order of ``ManifestVerifier/verify(_:context:)``.
  ///
  /// - Parameters:
  ///   - envelope: the bytes as received.
  ///   - device: what it is.
  ///   - circumstances: what runs on it, and what room it has.
  /// - Returns: the manifest, as something that may be staged.
  /// - Throws: a ``CompactRefusal`` for the first thing that is wrong; nothing else happens then.
  public func verify(
    _ envelope: Span<UInt8>, for device: CompactDevice, in circumstances: CompactCircumstances
  ) throws(CompactRefusal) -> CompactManifest {
    let outer = try CompactEnvelope(parsing: envelope)
    let signers = try outer.signers(in: envelope, keys: keys, verifier: verifier)
    // Before anything of it is read: enough keys for the least that the policy asks for.
    try checkCompact(outer.manifestDigest, of: outer.manifest, in: envelope)
    var reading = CompactReading()
    try reading.read(outer, of: envelope)
    let sequenceNumber = reading.sequenceNumber
    guard signers.meet(keys, sequenceNumber: sequenceNumber) else {
      throw CompactRefusal(.manifestThresholdNotMet)
    }
    guard sequenceNumber > circumstances.securityCounter else {
      throw CompactRefusal(.sequenceNumberReplayed)
    }
    let (image, payload) = try reading.judge(envelope, for: device, in: circumstances)
    let record = ImageRecord(
      image: image, sequenceNumber: sequenceNumber, version: reading.newVersion ?? Version(0, 0, 0))
    return CompactManifest(
      update: VerifiedUpdate(record: record, updateID: SHA256.digest(of: envelope)), payload: payload)
  }
}
