import OTACore
public import OTACrypto

/// The public keys whose signatures under images of MCUboot are believed.
///
/// An image names its key; the key itself always comes from here, also where the image brings it along.
public struct MCUbootKeys: Sendable {
  /// The most keys that a set holds.
  public static var capacity: Int { 8 }

  /// How many keys are trusted.
  public private(set) var count: Int
  private var keys: InlineArray<8, PublicKey?>

  /// Trusts nobody.
  public init() {
    count = 0
    keys = InlineArray(repeating: nil)
  }

  /// Trusts one key.
  public init(_ key: PublicKey) {
    self.init()
    keys[0] = key
    count = 1
  }

  /// Trusts one more key.
  ///
  /// Adding a key twice is not an error.
  ///
  /// - Throws: ``MCUbootError/tooManyKeys`` if the set already holds ``capacity`` other keys.
  public mutating func add(_ key: PublicKey) throws(MCUbootError) {
    for index in 0..<count where keys[index] == key { return }
    guard count < MCUbootKeys.capacity else { throw .tooManyKeys }
    keys[count] = key
    count += 1
  }

  /// The key with this index, in the order in which they were added.
  ///
  /// - Precondition: the index is from 0 to ``count`` - 1.
  public subscript(index: Int) -> PublicKey {
    guard index >= 0, index < count, let key = keys[index] else { preconditionFailure("no such key") }
    return key
  }

  /// Finds the key that an image names.
  ///
  /// - Parameters:
  ///   - name: the value of the TLV.
  ///   - isWholeKey: whether it is the key itself and not its hash.
  ///   - hash: the function of the image's hash, with which `imgtool` hashes keys too.
  /// - Returns: the key.
  /// - Throws: ``MCUbootError/keyNotTrusted`` if it is not here.
  func key<Hash: HashFunction & ~Copyable>(
    named name: Span<UInt8>, isWholeKey: Bool, using hash: Hash.Type
  ) throws(MCUbootError) -> PublicKey {
    for index in 0..<count {
      guard let key = keys[index] else { continue }
      var buffer = InlineArray<120, UInt8>(repeating: 0)
      let count = key.encode(into: buffer.mutableSpan)
      let encoded = buffer.span.extracting(0..<count)
      let isNamed =
        isWholeKey
        ? name.holdsSameBytes(as: encoded) : name.holdsSameBytes(as: Hash.digest(of: encoded).bytes)
      if isNamed { return key }
    }
    throw .keyNotTrusted
  }

  /// Finds the key that a signature names.
  func key<Hash: HashFunction & ~Copyable>(
    namedBy signature: borrowing MCUbootSignature, using hash: Hash.Type
  ) throws(MCUbootError) -> PublicKey {
    try key(named: signature.keyName, isWholeKey: signature.isWholeKey, using: hash)
  }
}

extension PublicKey {
  /// Writes the key as DER, as `imgtool` hashes it.
  ///
  /// - Returns: how many bytes these are; 0 if they do not fit.
  fileprivate func encode(into bytes: consuming MutableSpan<UInt8>) -> Int {
    var writer = ByteWriter(bytes)
    do throws(ParseError) {
      try serializeSubjectPublicKeyInfo(into: &writer)
      return writer.count
    } catch {
      return 0
    }
  }
}
