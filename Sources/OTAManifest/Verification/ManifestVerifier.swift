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
  /// In this order: size, outer structure, as many signatures by keys that may sign manifests as the policy asks for, the
  /// digest of the manifest, its form, its version, hash-based signatures if the policy asks for them, its sequence number,
  /// its commands, then whether it fits the device and its limits, and at last whether one of its payloads is of use here:
  /// within the limits, and if it is a patch, one on the running image. Of several the one with the fewest bytes to fetch is taken, and the others are
  /// dropped from the result.
  ///
  /// - Parameters:
  ///   - envelope: the bytes as received.
  ///   - context: what the device knows of itself.
  /// - Returns: the manifest, as something that may be installed.
  /// - Throws: a ``ManifestError`` for the first thing that is wrong; nothing else happens then. Encrypted payloads are of no
  ///   use: ``ManifestError/payloadKeyMissing``.
  public func verify(
    _ envelope: Span<UInt8>, context: VerificationContext
  ) throws(ManifestError) -> VerifiedManifest {
    try verify(envelope, context: context) { (_) throws(ManifestError) in throw .payloadKeyMissing }
  }

  /// Judges an envelope for one device that may have keys for encrypted payloads.
  ///
  /// - Parameters:
  ///   - envelope: the bytes as received.
  ///   - context: what the device knows of itself.
  ///   - checkDecryption: is asked last, and only about payloads that are of use otherwise: throws
  ///     ``ManifestError/payloadKeyMissing`` if the device has no key, ``ManifestError/limitExceeded(_:)`` with
  ///     ``ManifestError/Field/encryption`` if it has not the memory.
  /// - Returns: the manifest, as something that may be installed.
  /// - Throws: as ``verify(_:context:)``, and what `checkDecryption` throws if no payload is of use.
  public func verify(
    _ envelope: Span<UInt8>, context: VerificationContext,
    checkDecryption: (PayloadEncryption) throws(ManifestError) -> Void
  ) throws(ManifestError) -> VerifiedManifest {
    let limits = context.profile.limits
    let suit = try authenticate(
      envelope, trustStore: context.trustStore, policy: context.signaturePolicy, limits: limits
    ).suit
    guard suit.sequenceNumber > context.securityCounter else { throw .sequenceNumberReplayed }
    let manifest = try Manifest(suit, limits: limits)
    try ManifestVerifier.checkFit(of: manifest, context: context)
    guard manifest.image.digest.algorithm == Hash.algorithm else { throw .invalid(.digestAlgorithm) }
    guard manifest.image.size <= limits.imageSize else { throw .limitExceeded(.imageSize) }
    let chosen = try manifest.choosingPayload(
      for: context, digestAlgorithm: Hash.algorithm, checkDecryption: checkDecryption)
    return VerifiedManifest(manifest: chosen, updateID: Hash.digest(of: envelope))
  }

  /// Checks who signed an envelope, and decodes it, without a device to hold it against.
  ///
  /// For servers and tools. The result says what was signed and by whom; it can not be installed.
  ///
  /// - Parameters:
  ///   - envelope: the bytes as received.
  ///   - trustStore: the keys that may sign manifests.
  ///   - policy: how many of them must have signed, and of which kinds.
  ///   - limits: what is accepted.
  /// - Returns: the manifest and its signers.
  /// - Throws: a ``ManifestError`` for the first thing that is wrong.
  public func open(
    _ envelope: Span<UInt8>, trustStore: TrustStore, policy: SignaturePolicy = .oneSignature,
    limits: Limits = Limits()
  ) throws(ManifestError) -> AuthenticatedManifest {
    let (suit, signers) = try authenticate(envelope, trustStore: trustStore, policy: policy, limits: limits)
    return AuthenticatedManifest(
      manifest: try Manifest(suit, limits: limits), updateID: Hash.digest(of: envelope), signers: signers)
  }

  private func authenticate(
    _ bytes: Span<UInt8>, trustStore: TrustStore, policy: SignaturePolicy, limits: Limits
  ) throws(ManifestError) -> (suit: SUITManifest, signers: [KeyIdentifier]) {
    let envelope = try SUITEnvelope(parsing: bytes, limits: limits)
    let signers = try signers(of: envelope, in: bytes, trustStore: trustStore, limits: limits)
    guard signers.count >= policy.threshold else { throw .thresholdNotMet }
    let suit = try SUITManifest(envelope, of: bytes, limits: limits, hash: Hash.self)
    guard policy.isMet(by: signers, sequenceNumber: suit.sequenceNumber) else { throw .thresholdNotMet }
    return (suit, signers.identifiers)
  }

  /// Finds the good signatures by keys that may sign manifests; there is at least one.
  ///
  /// Signatures that nobody here could check are passed over, so that a manifest may carry some for other devices too; if
  /// none is good, the error is that of the one that came closest.
  func signers(
    of envelope: SUITEnvelope, in bytes: Span<UInt8>, trustStore: TrustStore, limits: Limits
  ) throws(ManifestError) -> ManifestSigners {
    // Before the first is checked, all are counted: each costs the check of a signature.
    var signatures: [COSESignature] = []
    // Without any block nobody signed.
    var closest = envelope.authenticationBlocks.isEmpty ? CryptoError.authenticationFailed : nil
    for range in envelope.authenticationBlocks {
      do throws(ManifestError) {
        let block = try COSEBlock(parsing: range, of: bytes, limits: limits)
        guard block.payload == nil else {
          throw .malformed(ParseError(.invalidValue, at: envelope.signedDigest.lowerBound))
        }
        // A tag under a shared key proves nothing about who made it.
        if case .mac0 = block { throw .crypto(.unsupportedAlgorithm) }
        signatures += block.signatures
      } catch {
        // A block that is not well-formed, or of another profile, spoils the envelope.
        guard case .crypto(let failure) = error else { throw error }
        closest = ManifestVerifier.closer(closest, failure)
      }
    }
    guard signatures.count <= SUITEnvelope.maximumBlockCount else { throw .limitExceeded(.envelope) }
    var signers = ManifestSigners()
    let payload = bytes.extracting(envelope.signedDigest)
    for signature in signatures {
      do throws(ManifestError) {
        let (key, identifier) = try signer(of: signature, over: payload, in: bytes, trustStore: trustStore)
        signers.add(key, named: identifier)
        if let cosigners = signature.cosigners {
          signers.promise(bytes.extracting(cosigners), trustStore: trustStore)
        }
      } catch {
        guard case .crypto(let failure) = error else { throw error }
        closest = ManifestVerifier.closer(closest, failure)
      }
    }
    guard signers.count > 0 else { throw .crypto(closest ?? .authenticationFailed) }
    return signers
  }

  private func signer(
    of signature: COSESignature, over payload: Span<UInt8>, in bytes: Span<UInt8>, trustStore: TrustStore
  ) throws(ManifestError) -> (key: PublicKey, identifier: KeyIdentifier) {
    guard let algorithm = signature.algorithm else { throw .crypto(.unsupportedAlgorithm) }
    let noData: [UInt8] = []
    guard let range = signature.keyIdentifier else {
      // Without a name any of them may have signed. Their number is bounded.
      for key in trustStore.keys(for: .manifest) where key.algorithm == algorithm {
        do throws(ManifestError) {
          try signature.verify(
            payload: payload, externalData: noData.span, in: bytes, by: key, using: verifier)
          return (key, KeyIdentifier(of: key))
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
    try signature.verify(payload: payload, externalData: noData.span, in: bytes, by: key, using: verifier)
    return (key, identifier)
  }

  /// Of two failures the one that came closer to a good signature; of two that came as close, the first.
  private static func closer(_ first: CryptoError?, _ second: CryptoError) -> CryptoError {
    guard let first, rank(first) >= rank(second) else { return second }
    return first
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
