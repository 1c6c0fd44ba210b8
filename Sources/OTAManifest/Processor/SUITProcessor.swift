import OTACore
public import OTACrypto

/// Runs the commands of a verified manifest on a device: the abstract machine of the draft.
///
/// Commands are read where they stand, parameters are places in the envelope: the processor itself takes nothing from the
/// heap and its memory does not grow. Envelopes of dependencies are copied into memory of the caller before they are
/// checked, so that nobody changes them between check and use. Before the first command of a manifest runs, all of its
/// sequences are looked through: what can not be understood refuses it as a whole, and nothing was done.
///
/// There are no loops; ``maximumStepCount``, the limits on nesting and the number of components bound every procedure.
/// Commands run one after the other, also where the manifest allows another order.
///
/// - Note: Source: draft-ietf-suit-manifest-37, section 6; draft-ietf-suit-trust-domains-11, section 4. Decisions where
///   these are silent: Docs/ManifestFormat.md, section 8.
public struct SUITProcessor<
  Platform: SUITPlatform & ~Copyable, Verifier: SignatureVerifier, Hash: HashFunction & ~Copyable
>: ~Copyable, ~Escapable {
  /// The most components that all manifests of a procedure name together.
  public static var maximumComponentCount: Int { 16 }
  /// The most manifests of a procedure.
  public static var maximumManifestCount: Int { 6 }
  /// The most dependencies that lead from one to the next.
  public static var maximumDependencyDepth: Int { 4 }
  /// The most commands that a procedure runs; one for several components counts as several.
  public static var maximumStepCount: Int { 4096 }

  let root: Span<UInt8>
  var memory: MutableSpan<UInt8>
  var usedMemory = 0
  let authority: SUITAuthority<Verifier, Hash>
  var components = InlineArray<16, SUITComponentState>(repeating: SUITComponentState())
  var componentCount = 0
  var manifests: InlineArray<6, SUITLoadedManifest>
  var manifestCount = 1
  var stepCount = 0
  var section = SUITSection.validate

  /// Takes a verified envelope.
  ///
  /// - Parameters:
  ///   - envelope: what to process.
  ///   - authority: checks who signed the dependencies.
  ///   - memory: for the envelopes of dependencies; none is needed without.
  @_lifetime(copy envelope, copy memory)
  public init(
    _ envelope: consuming VerifiedEnvelope, authority: SUITAuthority<Verifier, Hash>,
    memory: consuming MutableSpan<UInt8>
  ) {
    root = envelope.bytes
    self.memory = memory
    self.authority = authority
    manifests = InlineArray(
      repeating: SUITLoadedManifest(outline: envelope.outline, signers: envelope.signers))
  }

  /// Runs one procedure, from its first section to its last.
  ///
  /// All parameters are cleared before, and dependencies are read and checked again.
  ///
  /// - Parameters:
  ///   - procedure: which sections run.
  ///   - platform: the device.
  /// - Throws: a ``SUITProcessingError``; what the platform did before stays done.
  @_lifetime(self: copy self)
  public mutating func run(
    _ procedure: SUITProcedure, on platform: inout Platform
  ) throws(SUITProcessingError) {
    do throws(SUITStop) {
      try start(on: &platform)
      for index in 0..<SUITSection.count {
        guard procedure.contains(index), let next = SUITSection(rawValue: UInt8(index)) else { continue }
        section = next
        try runSection(of: 0, on: &platform)
      }
      for manifest in 0..<manifestCount { try checkDependenciesLoaded(manifest) }
    } catch {
      switch error {
      case .transferred: return
      case .failed(let failure): throw failure
      case .condition(let code, let missing):
        if let missing { throw .manifest(.missingParameter(missing)) }
        throw .conditionFailed(code)
      }
    }
  }

  /// Looks through the first manifest as ``run(_:on:)`` does before its first command; nothing is done.
  ///
  /// - Parameter platform: is asked for components, and for what is for private use.
  /// - Throws: a ``SUITProcessingError`` for what could not be understood.
  @_lifetime(self: copy self)
  public mutating func check(on platform: inout Platform) throws(SUITProcessingError) {
    do throws(SUITStop) {
      try start(on: &platform)
    } catch {
      guard case .failed(let failure) = error else { return }
      throw failure
    }
  }

  @_lifetime(self: copy self)
  private mutating func start(on platform: inout Platform) throws(SUITStop) {
    (usedMemory, componentCount, manifestCount, stepCount) = (0, 0, 1, 0)
    let first = manifests[0]
    manifests[0] = SUITLoadedManifest(outline: first.outline, signers: first.signers)
    try register(0, on: &platform)
    try checkSequences(of: 0, on: &platform)
  }

  /// The bytes of a range.
  @_lifetime(borrow self)
  borrowing func bytes(_ range: SUITRange) -> Span<UInt8> {
    if range.isInMemory { return memory.span.extracting(range.range) }
    return root.extracting(range.range)
  }
}

/// Which sections run.
///
/// - Note: Source: draft-ietf-suit-manifest-37, section 8.4.6; draft-ietf-suit-trust-domains-11, section 6.
public enum SUITProcedure: UInt8, Sendable, CaseIterable {
  /// Get dependencies and payloads, check them, install them, validate the result.
  case update
  /// The first part of an update: get dependencies and payloads.
  case staging
  /// The second part of an update: check what was got, install it, validate the result.
  case installation
  /// Validate, load, invoke.
  case invocation
  /// Remove what was installed.
  case uninstallation

  func contains(_ section: Int) -> Bool {
    // A bit for each section, in the order in which they run.
    let sections: UInt8 =
      switch self {
      case .update: 0b0001_1111
      case .staging: 0b0000_0011
      case .installation: 0b0001_1100
      case .invocation: 0b0111_0000
      case .uninstallation: 0b1000_0000
      }
    return sections >> UInt8(truncatingIfNeeded: section) & 1 != 0
  }
}
