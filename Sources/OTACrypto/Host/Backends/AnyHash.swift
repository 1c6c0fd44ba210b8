#if !hasFeature(Embedded)
public import OTACore

/// A hash function that runs, whichever backend it is of.
public struct AnyHash: ~Copyable {
  /// Which function this is.
  public let algorithm: DigestAlgorithm
  /// The name of the backend.
  public let backend: String
  private let state: HashState

  init(_ algorithm: DigestAlgorithm, backend: String, _ state: HashState) {
    self.algorithm = algorithm
    self.backend = backend
    self.state = state
  }

  /// Feeds bytes; any division into calls gives the same digest.
  public mutating func update(_ bytes: Span<UInt8>) {
    state.update(bytes)
  }

  /// Ends and returns the digest.
  public consuming func finalize() -> Digest {
    state.finalize()
  }
}

/// The state of a hash function whose type is not known; has one owner.
class HashState {
  /// Feeds bytes.
  func update(_ bytes: Span<UInt8>) {
    preconditionFailure("a subclass hashes")
  }

  /// Ends, once.
  func finalize() -> Digest {
    preconditionFailure("a subclass hashes")
  }
}

/// The state of a hash function of one type.
final class StateOf<Hash: HashFunction & ~Copyable>: HashState {
  private var hash: Hash?

  override init() {
    hash = Hash()
  }

  override func update(_ bytes: Span<UInt8>) {
    hash?.update(bytes)
  }

  override func finalize() -> Digest {
    guard let hash = hash.take() else { preconditionFailure("a hash ends once") }
    return hash.finalize()
  }
}
#endif
