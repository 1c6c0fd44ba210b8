import OTACore

/// A public key of LMS: the root of a tree of one-time keys.
///
/// It is nothing but hashes, so that no quantum computer forges its signatures. Nothing of it is on the heap. Signing is not here: a signer must never use a one-time key twice, which takes a place
/// that cannot be copied.
///
/// - Note: Source: RFC 8554, section 5.3.
public struct LMSPublicKey: Equatable, Sendable {
  let tree: LMSTreeParameters
  let oneTime: LMSOneTimeParameters
  private let identifier: InlineArray<16, UInt8>
  private let root: InlineArray<32, UInt8>

  /// The length of an encoded key, in bytes: 56, or 48 for the sets with 192 bits.
  public var encodedSize: Int { 24 + tree.hashSize }
  /// The length of a signature, in bytes.
  public var signatureSize: Int { 4 + oneTime.signatureSize + 4 + tree.height * tree.hashSize }

  /// Reads a key.
  ///
  /// - Parameter bytes: the two types, the identifier and the root, and nothing behind them.
  /// - Throws: ``CryptoError/invalidKey`` for types that there are not or that have different hash functions, and for
  ///   another length.
  public init(parsing bytes: Span<UInt8>) throws(CryptoError) {
    var cursor = ByteCursor(bytes)
    do throws(ParseError) {
      guard let key = try LMSPublicKey(&cursor) else { throw ParseError(.unsupported, at: 0) }
      try cursor.requireEnd()
      self = key
    } catch {
      throw .invalidKey
    }
  }

  /// Consumes a key; `nil` if its types are not known or do not fit.
  init?(_ cursor: inout ByteCursor) throws(ParseError) {
    guard let tree = LMSTreeParameters(type: try cursor.readBigEndian()),
      let oneTime = LMSOneTimeParameters(type: try cursor.readBigEndian()),
      tree.isSHAKE == oneTime.isSHAKE, tree.hashSize == oneTime.hashSize
    else { return nil }
    let identifier = try cursor.readBytes(count: 16)
    let root = try cursor.readBytes(count: tree.hashSize)
    self.tree = tree
    self.oneTime = oneTime
    self.identifier = InlineArray { index in identifier[index] }
    self.root = InlineArray { index in index < root.count ? root[index] : 0 }
  }

  /// Compares types, identifier and root; keys are not secret.
  public static func == (left: LMSPublicKey, right: LMSPublicKey) -> Bool {
    left.tree == right.tree && left.oneTime == right.oneTime
      && isEqualInConstantTime(left.identifier.span, right.identifier.span)
      && isEqualInConstantTime(left.root.span, right.root.span)
  }

  /// Checks a signature and returns only if it is good.
  ///
  /// Up to 8,700 short hashes, whatever the message is.
  ///
  /// - Parameters:
  ///   - signature: the signature.
  ///   - message: what was signed.
  ///   - hash: the hash function of the key: SHA-256, or SHAKE256 for sets with that.
  /// - Throws: ``CryptoError/authenticationFailed`` if it is not good, without any detail why;
  ///   ``CryptoError/unsupportedAlgorithm`` if the key has another hash function.
  /// - Note: Source: RFC 8554, section 5.4.2, algorithm 6a.
  public func verify<Hash: HashFunction & ~Copyable>(
    signature: Span<UInt8>, of message: Span<UInt8>, using hash: Hash.Type
  ) throws(CryptoError) {
    guard Hash.algorithm == (tree.isSHAKE ? .shake256 : .sha256) else { throw .unsupportedAlgorithm }
    guard signature.count == signatureSize else { throw .authenticationFailed }
    let isGood: Bool
    do throws(ParseError) {
      isGood = try check(signature, message, hash)
    } catch {
      isGood = false
    }
    guard isGood else { throw .authenticationFailed }
  }

  private func check<Hash: HashFunction & ~Copyable>(
    _ signature: Span<UInt8>, _ message: Span<UInt8>, _ hash: Hash.Type
  ) throws(ParseError) -> Bool {
    var cursor = ByteCursor(signature)
    let leaf: UInt32 = try cursor.readBigEndian()
    guard leaf < UInt32(1) << UInt32(tree.height) else { return false }
    let one = try cursor.readBytes(count: oneTime.signatureSize)
    let type: UInt32 = try cursor.readBigEndian()
    guard type == tree.type else { return false }
    guard let key: Digest = try oneTimeKey(of: one, message, leaf: leaf, hash) else { return false }

    // From the leaf up: RFC 8554, section 5.3. A node has the number of its parent twice, or twice and one.
    var node = UInt32(1) << UInt32(tree.height) + leaf
    var start: Hash = begin(node, 0x8282)
    start.update(key.bytes.extracting(0..<tree.hashSize))
    var value = start.finalize()
    while node > 1 {
      let neighbour = try cursor.readBytes(count: tree.hashSize)
      var parent: Hash = begin(node / 2, 0x8383)
      if node % 2 == 1 { parent.update(neighbour) }
      parent.update(value.bytes.extracting(0..<tree.hashSize))
      if node % 2 == 0 { parent.update(neighbour) }
      value = parent.finalize()
      node /= 2
    }
    try cursor.requireEnd()
    return isEqualInConstantTime(
      value.bytes.extracting(0..<tree.hashSize), root.span.extracting(0..<tree.hashSize))
  }

  /// Computes the one-time key that a one-time signature is of.
  ///
  /// - Returns: the key; `nil` if the signature is of another type.
  /// - Note: Source: RFC 8554, section 4.6, algorithm 4b.
  private func oneTimeKey<Hash: HashFunction & ~Copyable>(
    of signature: Span<UInt8>, _ message: Span<UInt8>, leaf: UInt32, _ hash: Hash.Type
  ) throws(ParseError) -> Digest? {
    let size = oneTime.hashSize
    var cursor = ByteCursor(signature)
    let type: UInt32 = try cursor.readBigEndian()
    guard type == oneTime.type else { return nil }
    var first: Hash = begin(leaf, 0x8181)
    first.update(try cursor.readBytes(count: size))
    first.update(message)
    let digest = first.finalize()
    // The digest, and behind it its checksum.
    var digits = InlineArray<34, UInt8>(repeating: 0)
    for index in 0..<size { digits[index] = digest.bytes[index] }
    let checksum = self.checksum(digits.span)
    digits[size] = UInt8(truncatingIfNeeded: checksum >> 8)
    digits[size + 1] = UInt8(truncatingIfNeeded: checksum)

    var whole: Hash = begin(leaf, 0x8080)
    let last = (1 << oneTime.width) - 1
    for chain in 0..<oneTime.chains {
      let start = try cursor.readBytes(count: size)
      var value = InlineArray<32, UInt8>(repeating: 0)
      for index in 0..<size { value[index] = start[index] }
      for step in digit(chain, of: digits.span)..<last {
        var next: Hash = begin(leaf, UInt16(truncatingIfNeeded: chain))
        let number: InlineArray<1, UInt8> = [UInt8(truncatingIfNeeded: step)]
        next.update(number.span)
        next.update(value.span.extracting(0..<size))
        let result = next.finalize()
        for index in 0..<size { value[index] = result.bytes[index] }
      }
      whole.update(value.span.extracting(0..<size))
    }
    return whole.finalize()
  }

  /// Starts a hash as all of them start: the identifier, a number, what it is for.
  private func begin<Hash: HashFunction & ~Copyable>(_ number: UInt32, _ purpose: UInt16) -> Hash {
    var hash = Hash()
    hash.update(identifier.span)
    let head: InlineArray<6, UInt8> = [
      UInt8(truncatingIfNeeded: number >> 24), UInt8(truncatingIfNeeded: number >> 16),
      UInt8(truncatingIfNeeded: number >> 8), UInt8(truncatingIfNeeded: number),
      UInt8(truncatingIfNeeded: purpose >> 8), UInt8(truncatingIfNeeded: purpose),
    ]
    hash.update(head.span)
    return hash
  }

  /// One digit; the first is in the highest bits.
  private func digit(_ index: Int, of bytes: Span<UInt8>) -> Int {
    let perByte = 8 / oneTime.width
    let shift = 8 - oneTime.width * (index % perByte + 1)
    return Int(bytes[index / perByte]) >> shift & ((1 << oneTime.width) - 1)
  }

  /// What is missing in all digits together, so that nobody can go on in one chain without going back in another.
  private func checksum(_ bytes: Span<UInt8>) -> Int {
    var sum = 0
    for index in 0..<oneTime.digits { sum += (1 << oneTime.width) - 1 - digit(index, of: bytes) }
    return sum << oneTime.checksumShift
  }
}
