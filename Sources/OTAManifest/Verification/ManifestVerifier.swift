public import OTACore
public import OTACrypto

/// Judges manifests: the only maker of `VerifiedManifest`.
///
/// Verify, then parse: before the signature is checked, nothing is read but the outer structure of the envelope.
/// No state and no I/O: the same envelope and context give the same verdict.
///
/// - Note: Source: draft-ietf-suit-manifest-37, sections 6.1 and 6.2 (setup and required checks).
public struct ManifestVerifier<Verifier: SignatureVerifier, Hash: HashFunction & ~Copyable>: Sendable {
  private let verifier: Verifier

  /// Takes a backend for signatures; the one for hashes is named by its type.
  ///
  /// - Precondition: `Hash` is SHA-256.
  public init(verifier: Verifier, hash: Hash.Type) {
    precondition(Hash.algorithm == .sha256, "manifests are hashed with SHA-256")
    self.verifier = verifier
  }

  /// Judges an envelope for one device.
  ///
  /// In this order: size, outer structure, a signature by a key that may sign manifests, the digest of the manifest,
  /// its form, its version, its sequence number, its commands, then whether it fits the device and its limits, and at
  /// last whether one of its payloads is of use here: within the limits, and if it is a patch, one on the running image.
  /// Of several the smallest is taken, and the others are dropped from the result.
  ///
  /// - Parameters:
  ///   - envelope: the bytes as received.
  ///   - context: what the device knows of itself.
  /// - Returns: the manifest, as something that may be installed.
  /// - Throws: a ``ManifestError`` for the first thing that is wrong; nothing else happens then.
  public func verify(
    _ envelope: Span<UInt8>, context: VerificationContext
  ) throws(ManifestError) -> VerifiedManifest {
    let limits = context.profile.limits
    let suit = try authenticate(envelope, trustStore: context.trustStore, limits: limits).suit
    guard suit.sequenceNumber > context.securityCounter else { throw .sequenceNumberReplayed }
    let manifest = try Manifest(suit, limits: limits)
    try ManifestVerifier.checkFit(of: manifest, context: context)
    guard manifest.image.digest.algorithm == Hash.algorithm else { throw .invalid(.digestAlgorithm) }
    guard manifest.image.size <= limits.imageSize else { throw .limitExceeded(.imageSize) }
    let chosen = try manifest.choosingPayload(for: context, digestAlgorithm: Hash.algorithm)
    return VerifiedManifest(manifest: chosen, updateID: Hash.digest(of: envelope))
  }

  /// Checks who signed an envelope, and decodes it, without a device to hold it against.
  ///
  /// For servers and tools. The result says what was signed and by whom; it can not be installed.
  ///
  /// - Parameters:
  ///   - envelope: the bytes as received.
  ///   - trustStore: the keys that may sign manifests.
  ///   - limits: what is accepted.
  /// - Returns: the manifest and its signer.
  /// - Throws: a ``ManifestError`` for the first thing that is wrong.
  public func open(
    _ envelope: Span<UInt8>, trustStore: TrustStore, limits: Limits = Limits()
  ) throws(ManifestError) -> AuthenticatedManifest {
    let (suit, signer) = try authenticate(envelope, trustStore: trustStore, limits: limits)
    return AuthenticatedManifest(
      manifest: try Manifest(suit, limits: limits), updateID: Hash.digest(of: envelope), signer: signer)
  }

  private func authenticate(
    _ bytes: Span<UInt8>, trustStore: TrustStore, limits: Limits
  ) throws(ManifestError) -> (suit: SUITManifest, signer: KeyIdentifier) {
    let envelope = try SUITEnvelope(parsing: bytes, limits: limits)
    let signer = try signer(of: envelope, in: bytes, trustStore: trustStore, limits: limits)
    return (try SUITManifest(envelope, of: bytes, limits: limits, hash: Hash.self), signer)
  }

  /// Finds a good signature by a key that may sign manifests.
  ///
  /// One is enough. Blocks that nobody here could check are passed over, so that a manifest may carry signatures for
  /// other devices too; if no block is good, the error is that of the block that came closest.
  private func signer(
    of envelope: SUITEnvelope, in bytes: Span<UInt8>, trustStore: TrustStore, limits: Limits
  ) throws(ManifestError) -> KeyIdentifier {
    var closest = CryptoError.unknownKey
    var isFirst = true
    for block in envelope.authenticationBlocks {
      do throws(ManifestError) {
        let sign1 = try COSESign1(parsing: block, of: bytes, tagging: .tagged, limits: limits)
        return try signer(of: sign1, for: envelope, in: bytes, trustStore: trustStore)
      } catch {
        // A block that is not well-formed, or of another profile, spoils the envelope.
        guard case .crypto(let failure) = error else { throw error }
        if isFirst || ManifestVerifier.rank(failure) > ManifestVerifier.rank(closest) { closest = failure }
        isFirst = false
      }
    }
    // Without any block nobody signed.
    throw .crypto(isFirst ? .authenticationFailed : closest)
  }

  private func signer(
    of sign1: COSESign1, for envelope: SUITEnvelope, in bytes: Span<UInt8>, trustStore: TrustStore
  ) throws(ManifestError) -> KeyIdentifier {
    guard sign1.payload == nil else {
      throw .malformed(ParseError(.invalidValue, at: envelope.signedDigest.lowerBound))
    }
    guard let algorithm = sign1.algorithm else { throw .crypto(.unsupportedAlgorithm) }
    let payload = bytes.extracting(envelope.signedDigest)
    let noData: [UInt8] = []
    guard let range = sign1.keyIdentifier else {
      // Without a name any of them may have signed. Their number is bounded.
      for key in trustStore.keys(for: .manifest) where key.algorithm == algorithm {
        do throws(ManifestError) {
          try sign1.verify(payload: payload, externalData: noData.span, in: bytes, by: key, using: verifier)
          return KeyIdentifier(of: key)
        } catch {
          if error != .crypto(.authenticationFailed) { throw error }
        }
      }
      throw .crypto(.authenticationFailed)
    }
    let key: PublicKey
    let identifier: KeyIdentifier
    do throws(CryptoError) {
      identifier = try KeyIdentifier(header: bytes.extracting(range))
      key = try trustStore.key(identifier, for: .manifest)
    } catch {
      throw .crypto(error)
    }
    try sign1.verify(payload: payload, externalData: noData.span, in: bytes, by: key, using: verifier)
    return identifier
  }

  /// How close a failed block came to a good signature.
  private static func rank(_ error: CryptoError) -> Int {
    switch error {
    case .unsupportedAlgorithm, .invalidKey, .tooManyKeys: 0
    case .unknownKey: 1
    case .keyNotAuthorized: 2
    case .authenticationFailed: 3
    case .unavailable: 4
    }
  }

  private static func checkFit(
    of manifest: Manifest, context: VerificationContext
  ) throws(ManifestError) {
    switch manifest.compatibility.firstMismatch(with: context.profile) {
    case nil: break
    case .vendorMismatch: throw .vendorMismatch
    case .classMismatch: throw .classMismatch
    case .deviceMismatch: throw .deviceMismatch
    case _: throw .hardwareRevisionMismatch
    }
    guard manifest.component == context.profile.component else { throw .unknownComponent }
    if let required = manifest.requiredVersion, context.runningVersion < required {
      throw .requiredVersionMissing
    }
    for dependency in manifest.dependencies {
      var isMet = false
      for installed in context.otherComponents
      where installed.component == dependency.component
        && installed.sequenceNumber >= dependency.minimumSequenceNumber
      {
        isMet = true
      }
      guard isMet else { throw .dependencyMissing }
    }
  }
}

extension KeyIdentifier {
  /// Takes the identifier of a header; one of another length is that of no key here.
  init(header bytes: Span<UInt8>) throws(CryptoError) {
    do throws(ParseError) {
      try self.init(bytes: bytes)
    } catch {
      throw .unknownKey
    }
  }
}
