public import OTACrypto
public import OTAPartition

/// Where an agent has its trust anchors, and how it exchanges them.
public protocol TrustKeeper: Sendable {
  /// The trust anchors as they are kept.
  ///
  /// - Returns: the state.
  /// - Throws: a `TrustAnchorError` if they cannot be read; nothing is installed then.
  func state() async throws(TrustAnchorError) -> TrustState

  /// Verifies the set that follows the present one, and replaces it.
  ///
  /// - Parameters:
  ///   - update: the set with its signatures; anybody may have sent it.
  ///   - image: what runs.
  /// - Returns: the new state, durable.
  /// - Throws: a `TrustAnchorError` if the set is not genuine, or cannot be exchanged now.
  func install(_ update: [UInt8], on image: RunningImage) async throws(TrustAnchorError) -> TrustState

  /// Ends the life of the image keys that earlier sets had, if what runs can do without them.
  ///
  /// The agent calls it at each start, after each confirmation and after each exchange, while ``state()`` says that keys are
  /// kept.
  ///
  /// - Parameters:
  ///   - image: what runs.
  ///   - signers: the keys that have signed its images, as they were verified.
  /// - Returns: the new state, durable; the one before, if what runs needs the keys.
  /// - Throws: a `TrustAnchorError` if the state cannot be read or written; the next start tries again.
  func retire(
    on image: RunningImage, signers: ImageSigners
  ) async throws(TrustAnchorError) -> TrustState
}

/// Keeps the trust anchors in flash that is the agent's alone, or that nobody but the agent can write.
///
/// Where others can write the flash, write a ``TrustKeeper`` over the methods of `TrustAnchorStore` that take a
/// `SecureStorage`.
public actor FlashTrustKeeper<Device: Flash & ~Copyable>: TrustKeeper {
  private var store: TrustAnchorStore
  private var device: Device
  private let verifier: any SignatureVerifier

  /// Takes over a device.
  ///
  /// - Parameters:
  ///   - store: its areas; the factory has written the first set there.
  ///   - device: the flash.
  ///   - verifier: checks the signatures of sets.
  public init(
    _ store: TrustAnchorStore, on device: consuming sending Device, verifier: any SignatureVerifier
  ) {
    self.store = store
    self.device = device
    self.verifier = verifier
  }

  /// Reads the trust anchors, and repairs their copies.
  ///
  /// - Returns: the state.
  /// - Throws: what `TrustAnchorStore.read(from:)` throws.
  public func state() throws(TrustAnchorError) -> TrustState {
    try store.read(from: &device)
  }

  /// Verifies the set that follows the present one, and writes it.
  ///
  /// - Parameters:
  ///   - update: the set with its signatures.
  ///   - image: what runs.
  /// - Returns: the new state.
  /// - Throws: what `TrustAnchors.verify(update:using:)` and `TrustAnchorStore.install(_:on:to:)` throw.
  public func install(
    _ update: [UInt8], on image: RunningImage
  ) throws(TrustAnchorError) -> TrustState {
    let present = try store.read(from: &device)
    try replace(present, with: update, on: image, using: verifier)
    return try store.read(from: &device)
  }

  /// Ends the life of the image keys that earlier sets had, if what runs can do without them.
  ///
  /// - Parameters:
  ///   - image: what runs.
  ///   - signers: the keys that have signed its images.
  /// - Returns: the new state, or the one before.
  /// - Throws: what `TrustAnchorStore.read(from:)` and `TrustAnchorStore.retire(on:signers:from:)` throw.
  public func retire(
    on image: RunningImage, signers: ImageSigners
  ) throws(TrustAnchorError) -> TrustState {
    _ = try store.read(from: &device)
    try store.retire(on: image, signers: signers, from: &device)
    return try store.read(from: &device)
  }

  private func replace(
    _ present: TrustState, with update: [UInt8], on image: RunningImage,
    using verifier: some SignatureVerifier
  ) throws(TrustAnchorError) {
    let verified = try present.anchors.verify(update: update.span, using: verifier)
    try store.install(verified, on: image, to: &device)
  }
}
