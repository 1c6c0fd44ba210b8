public import OTACore
public import OTACrypto

/// Who may sign envelopes, and what checks it: the only maker of ``VerifiedEnvelope``.
public struct SUITAuthority<Verifier: SignatureVerifier, Hash: HashFunction & ~Copyable>: Sendable {
  let verifier: ManifestVerifier<Verifier, Hash>
  let trustStore: TrustStore
  let policy: SignaturePolicy
  let limits: Limits

  /// Makes an authority from backends and keys.
  ///
  /// - Parameters:
  ///   - verifier: the backend for signatures.
  ///   - hash: the backend for hashes.
  ///   - trustStore: the keys that may sign manifests.
  ///   - policy: how many of them must have signed each manifest, and of which kinds.
  ///   - limits: what is accepted.
  /// - Precondition: `Hash` is SHA-256.
  public init(
    verifier: Verifier, hash: Hash.Type, trustStore: TrustStore, policy: SignaturePolicy = .oneSignature,
    limits: Limits = Limits()
  ) {
    self.verifier = ManifestVerifier(verifier: verifier, hash: hash)
    self.trustStore = trustStore
    self.policy = policy
    self.limits = limits
  }

  /// Checks who signed an envelope, that its parts belong together, and that it is not too old.
  ///
  /// The draft refuses a lower number than the current one and lets the same one be processed again, so that an
  /// interrupted update can be repeated and an installed manifest be invoked.
  ///
  /// - Parameters:
  ///   - bytes: the envelope as received; it can not change while the result lives.
  ///   - sequenceNumber: the lowest number that is accepted.
  /// - Returns: the envelope, as something that may be processed.
  /// - Throws: a ``ManifestError`` for the first thing that is wrong: form, signature, digests, version, number.
  /// - Note: Source: draft-ietf-suit-manifest-37, sections 6.1, 6.2 and 8.4.2.
  @_lifetime(copy bytes)
  public func authenticate(
    _ bytes: Span<UInt8>, atLeast sequenceNumber: SequenceNumber
  ) throws(ManifestError) -> VerifiedEnvelope {
    // Places in the envelope have 31 bits, whatever the limits are.
    guard bytes.count <= Int32.max else { throw .limitExceeded(.envelope) }
    let envelope = try SUITEnvelope(parsing: bytes, limits: limits, extent: .all)
    let (outline, signers) = try self.outline(of: envelope, in: bytes, isInMemory: false)
    guard outline.sequenceNumber >= sequenceNumber else { throw .sequenceNumberReplayed }
    return VerifiedEnvelope(bytes: bytes, outline: outline, signers: signers)
  }

  /// Checks who signed an envelope, and only then reads its manifest.
  func outline(
    of envelope: SUITEnvelope, in bytes: Span<UInt8>, isInMemory: Bool
  ) throws(ManifestError) -> (outline: SUITOutline, signers: [KeyIdentifier]) {
    let signers = try verifier.signers(of: envelope, in: bytes, trustStore: trustStore, limits: limits)
    guard signers.count >= policy.threshold else { throw .thresholdNotMet }
    let outline = try SUITOutline(
      envelope, of: bytes, isInMemory: isInMemory, limits: limits, hash: Hash.self)
    guard policy.isMet(by: signers, sequenceNumber: outline.sequenceNumber) else { throw .thresholdNotMet }
    return (outline, signers.identifiers)
  }
}

/// An envelope whose signature, digests and sequence number were checked; only this can be processed.
public struct VerifiedEnvelope: ~Copyable, ~Escapable {
  /// The bytes that were checked.
  public let bytes: Span<UInt8>
  /// Whose signatures were good.
  public let signers: [KeyIdentifier]
  let outline: SUITOutline

  /// The number of the manifest in the order of all.
  public var sequenceNumber: SequenceNumber { outline.sequenceNumber }

  @_lifetime(copy bytes)
  init(bytes: Span<UInt8>, outline: SUITOutline, signers: [KeyIdentifier]) {
    self.bytes = bytes
    self.outline = outline
    self.signers = signers
  }
}
