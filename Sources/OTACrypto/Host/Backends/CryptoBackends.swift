#if !hasFeature(Embedded)
public import OTACore

/// The backends that a program has linked, and which one is asked for what.
///
/// For each algorithm the first backend of the list that has it is asked, unless another one is pinned. The list
/// `[.openSSL, .sodium, .portable]` goes from fast to slow where the processor has instructions for SHA-2;
/// ``sortByMeasuring(_:rounds:)`` finds out anywhere.
public struct CryptoBackends: SignatureVerifier {
  /// The backends, that which is asked first in front.
  public private(set) var backends: [CryptoBackend]
  private var hashOrder: [DigestAlgorithm: [String]] = [:]
  private var pinnedHashes: [DigestAlgorithm: String] = [:]
  private var pinnedSignatures: [SignatureAlgorithm: String] = [:]

  /// Takes the backends that are linked, those that are to be asked first in front.
  ///
  /// - Precondition: All have different names.
  public init(_ backends: [CryptoBackend]) {
    precondition(Set(backends.map(\.name)).count == backends.count, "two backends have one name")
    self.backends = backends
  }

  /// The names of the backends that have a hash function, that which is asked in front.
  public func names(for algorithm: DigestAlgorithm) -> [String] {
    let linked = backends.filter { $0.hash(algorithm) != nil }.map(\.name)
    return front(pinnedHashes[algorithm], hashOrder[algorithm] ?? linked)
  }

  /// The names of the backends that check a kind of signatures, that which is asked in front.
  public func names(for algorithm: SignatureAlgorithm) -> [String] {
    let linked = backends.filter { $0.verifier != nil && $0.signatures.contains(algorithm) }.map(\.name)
    return front(pinnedSignatures[algorithm], linked)
  }

  private func front(_ pinned: String?, _ names: [String]) -> [String] {
    guard let pinned else { return names }
    return [pinned] + names.filter { $0 != pinned }
  }

  /// Asks one backend for a hash function from now on, whatever is faster.
  ///
  /// - Throws: ``CryptoError/unsupportedAlgorithm`` if there is no backend of this name with this function; nothing is
  ///   changed then.
  public mutating func pin(_ algorithm: DigestAlgorithm, to name: String) throws(CryptoError) {
    guard names(for: algorithm).contains(name) else { throw .unsupportedAlgorithm }
    pinnedHashes[algorithm] = name
  }

  /// Asks one backend for a kind of signatures from now on.
  ///
  /// - Throws: ``CryptoError/unsupportedAlgorithm`` if there is no backend of this name that checks them; nothing is
  ///   changed then.
  public mutating func pin(_ algorithm: SignatureAlgorithm, to name: String) throws(CryptoError) {
    guard names(for: algorithm).contains(name) else { throw .unsupportedAlgorithm }
    pinnedSignatures[algorithm] = name
  }

  /// Forgets all that was pinned.
  public mutating func unpin() {
    pinnedHashes = [:]
    pinnedSignatures = [:]
  }

  /// Starts a hash function of the backend that is asked for it.
  ///
  /// - Throws: ``CryptoError/unsupportedAlgorithm`` if no backend has it.
  public func hash(_ algorithm: DigestAlgorithm) throws(CryptoError) -> AnyHash {
    guard let name = names(for: algorithm).first, let hash = hash(algorithm, of: name) else {
      throw .unsupportedAlgorithm
    }
    return AnyHash(algorithm, backend: name, hash.start())
  }

  /// The digest of bytes that are all at hand.
  ///
  /// - Throws: ``CryptoError/unsupportedAlgorithm`` if no backend has the function.
  public func digest(_ algorithm: DigestAlgorithm, of bytes: Span<UInt8>) throws(CryptoError) -> Digest {
    var hash = try hash(algorithm)
    hash.update(bytes)
    return hash.finalize()
  }

  /// Checks a signature with the backend that is asked for its algorithm, and returns only if it is good.
  ///
  /// One backend is asked: what it refuses is refused, and no other is tried.
  ///
  /// - Throws: as `SignatureVerifier`; ``CryptoError/unsupportedAlgorithm`` if no backend has the algorithm.
  public func verify(
    signature: Span<UInt8>, of message: Span<UInt8>, by key: PublicKey
  ) throws(CryptoError) {
    guard let name = names(for: key.algorithm).first,
      let verifier = backends.first(where: { $0.name == name })?.verifier
    else { throw .unsupportedAlgorithm }
    try verifier.verify(signature: signature, of: message, by: key)
  }

  /// Puts the fastest backend for each hash function in front, by trying all of them.
  ///
  /// Takes as long as hashing `rounds` times the bytes with each of them does. The clock of the machine decides, so that
  /// two runs may not find the same one; the digests are the same in any case.
  ///
  /// - Parameters:
  ///   - bytes: what is hashed; as much as is hashed at once later on, 64 KiB for example.
  ///   - rounds: how often; the best time counts.
  public mutating func sortByMeasuring(_ bytes: Span<UInt8>, rounds: Int = 5) {
    for algorithm in DigestAlgorithm.allCases {
      var times: [(name: String, time: Duration)] = []
      for backend in backends {
        guard let hash = backend.hash(algorithm) else { continue }
        times.append((backend.name, CryptoBackends.bestTime(of: hash, bytes, rounds: rounds)))
      }
      // The first of two that are equally fast stays in front.
      hashOrder[algorithm] = times.enumerated().sorted {
        ($0.element.time, $0.offset) < ($1.element.time, $1.offset)
      }.map(\.element.name)
    }
  }

  private static func bestTime(of hash: CryptoBackend.Hash, _ bytes: Span<UInt8>, rounds: Int) -> Duration {
    let clock = ContinuousClock()
    var best = Duration.seconds(3600)
    for _ in 0..<max(rounds, 1) {
      let start = clock.now
      let state = hash.start()
      state.update(bytes)
      _ = state.finalize()
      best = min(best, start.duration(to: clock.now))
    }
    return best
  }

  private func hash(_ algorithm: DigestAlgorithm, of name: String) -> CryptoBackend.Hash? {
    backends.first { $0.name == name }?.hash(algorithm)
  }
}

extension CryptoBackend {
  /// Its hash function for an algorithm.
  fileprivate func hash(_ algorithm: DigestAlgorithm) -> Hash? {
    hashes.first { $0.algorithm == algorithm }
  }
}
#endif
