public import OTACore
public import OTACrypto

/// What a device does for a ``SUITProcessor``: it knows itself, and it moves bytes between its components.
///
/// Each component has a number of the platform's choice, found once by its name; two names of one component must give one
/// number. All methods are synchronous. A condition answers and changes nothing; a directive returns when it is done, or
/// throws, and then the whole procedure ends.
public protocol SUITPlatform: ~Copyable {
  /// Finds a component; `nil` if the device has none of this name, which refuses the manifest.
  mutating func component(named name: SUITComponentName) -> SUITComponentHandle?

  /// Whether a component, or the device as a whole, has an identity.
  mutating func matches(
    _ identity: SUITIdentity, _ value: Span<UInt8>, of component: SUITComponentHandle
  ) -> Bool
  /// Whether the slot that a component would be written to, or run from, is this one.
  mutating func isSlot(_ slot: UInt64, of component: SUITComponentHandle) -> Bool
  /// The version of what is in a component; `nil` if it has none.
  mutating func version(of component: SUITComponentHandle) -> SUITVersion?
  /// The digest of what is in a component, as long as the target says if it says so.
  mutating func digest(
    of target: SUITTarget, algorithm: DigestAlgorithm
  ) throws(SUITPlatformFailure) -> Digest
  /// Whether a component has just this content; compares all bytes before it answers.
  ///
  /// - Note: Source: draft-ietf-suit-manifest-37, section 8.4.9.3 (constant time).
  mutating func holds(_ content: Span<UInt8>, in target: SUITTarget) throws(SUITPlatformFailure) -> Bool

  /// Gets the resource of a URI into a component.
  mutating func fetch(
    _ uri: Span<UInt8>, into target: SUITTarget, options: SUITTransferOptions
  ) throws(SUITPlatformFailure)
  /// Writes bytes of the manifest, or a payload of its envelope, into a component.
  mutating func store(
    _ bytes: Span<UInt8>, into target: SUITTarget, options: SUITTransferOptions
  ) throws(SUITPlatformFailure)
  /// Copies a component into another.
  mutating func copy(
    _ source: SUITComponentHandle, into target: SUITTarget, options: SUITTransferOptions
  ) throws(SUITPlatformFailure)
  /// Exchanges two components.
  mutating func swap(_ source: SUITComponentHandle, with target: SUITTarget) throws(SUITPlatformFailure)
  /// Runs a component.
  ///
  /// - Parameters:
  ///   - target: what to run.
  ///   - arguments: bytes for it, empty if there are none.
  /// - Returns: whether the component has ended, or will run when the procedure is left.
  /// - Throws: a failure, which ends the procedure.
  mutating func invoke(
    _ target: SUITTarget, arguments: Span<UInt8>
  ) throws(SUITPlatformFailure) -> SUITInvocation
  /// Takes back the claim of this manifest on a component.
  mutating func unlink(_ component: SUITComponentHandle) throws(SUITPlatformFailure)

  /// Copies the envelope that a component holds, which is the manifest of a dependency.
  ///
  /// - Parameters:
  ///   - component: the dependency.
  ///   - bytes: where the envelope goes, at its beginning.
  /// - Returns: how many bytes it has.
  /// - Throws: a failure, with `ErrorCode.capacityExceeded` if it does not fit.
  mutating func readEnvelope(
    of component: SUITComponentHandle, into bytes: inout MutableSpan<UInt8>
  ) throws(SUITPlatformFailure) -> Int

  /// Whether one who signed the manifest may use a command on a component. By default he may.
  ///
  /// If several have signed, it is enough that one of them may.
  ///
  /// - Note: Source: draft-ietf-suit-manifest-37, section 9 (access control lists).
  mutating func permits(
    _ command: Int64, on component: SUITComponentHandle, by signer: KeyIdentifier
  ) -> Bool
  /// Whether the manifest of a dependency is not too old. By default it is not: its digest is signed.
  mutating func accepts(_ sequenceNumber: SequenceNumber, of component: SUITComponentHandle) -> Bool
  /// Whether a command for private use is one of this platform. By default none is.
  mutating func supports(command: Int64) -> Bool
  /// Whether a parameter for private use is one of this platform. By default none is.
  mutating func supports(parameter: Int64) -> Bool
  /// Runs a command for private use, with its encoded argument.
  ///
  /// - Returns: `false` if it is a condition that does not hold.
  /// - Throws: a failure, which ends the procedure.
  mutating func perform(
    command: Int64, argument: Span<UInt8>, on target: SUITTarget
  ) throws(SUITPlatformFailure) -> Bool
  /// Takes a parameter for private use, with its encoded value.
  mutating func set(parameter: Int64, to value: Span<UInt8>, of component: SUITComponentHandle)
  /// Learns how a command ended whose author wants it to be reported. By default nobody is told.
  mutating func report(_ record: SUITRecord)
}

extension SUITPlatform where Self: ~Copyable {
  /// Says that nothing can be unlinked.
  public mutating func unlink(_ component: SUITComponentHandle) throws(SUITPlatformFailure) {
    throw SUITPlatformFailure(.unsupported)
  }

  /// Permits everything.
  public mutating func permits(
    _ command: Int64, on component: SUITComponentHandle, by signer: KeyIdentifier
  ) -> Bool { true }

  /// Accepts every number.
  public mutating func accepts(_ sequenceNumber: SequenceNumber, of component: SUITComponentHandle) -> Bool {
    true
  }

  /// Supports none.
  public mutating func supports(command: Int64) -> Bool { false }

  /// Supports none.
  public mutating func supports(parameter: Int64) -> Bool { false }

  /// Says that there is no such command.
  public mutating func perform(
    command: Int64, argument: Span<UInt8>, on target: SUITTarget
  ) throws(SUITPlatformFailure) -> Bool {
    throw SUITPlatformFailure(.unsupported)
  }

  /// Forgets the parameter; none is supported.
  public mutating func set(parameter: Int64, to value: Span<UInt8>, of component: SUITComponentHandle) {}

  /// Tells nobody.
  public mutating func report(_ record: SUITRecord) {}
}
