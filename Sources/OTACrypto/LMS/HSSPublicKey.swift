import OTACore

/// A public key of HSS: trees of LMS above each other, each signing the root of the next.
///
/// - Note: Source: RFC 8554, section 6; NIST SP 800-208, section 4: all trees have one hash function.
public struct HSSPublicKey: Equatable, Sendable {
  /// The most levels that there are.
  public static var maximumLevels: Int { 8 }

  /// How many trees there are above each other.
  public let levels: Int
  /// The key of the highest tree.
  public let top: LMSPublicKey

  /// Reads a key.
  ///
  /// - Parameter bytes: the number of levels and the key of the highest tree, and nothing behind it: 60 bytes, or 52 for
  ///   the sets with 192 bits.
  /// - Throws: ``CryptoError/invalidKey`` for no level or more than ``maximumLevels``, and as
  ///   ``LMSPublicKey/init(parsing:)``.
  public init(parsing bytes: Span<UInt8>) throws(CryptoError) {
    guard bytes.count >= 4 else { throw .invalidKey }
    var levels = 0
    for index in 0..<4 { levels = levels << 8 | Int(bytes[index]) & 0xff }
    guard levels >= 1, levels <= HSSPublicKey.maximumLevels else { throw .invalidKey }
    self.levels = levels
    self.top = try LMSPublicKey(parsing: bytes.extracting(4..<bytes.count))
  }

  /// Checks a signature and returns only if it is good.
  ///
  /// - Parameters:
  ///   - signature: the signature.
  ///   - message: what was signed.
  ///   - hash: the hash function of the key: SHA-256, or SHAKE256 for sets with that.
  /// - Throws: ``CryptoError/authenticationFailed`` if it is not good, without any detail why;
  ///   ``CryptoError/unsupportedAlgorithm`` if the key has another hash function.
  /// - Note: Source: RFC 8554, section 6.3.
  public func verify<Hash: HashFunction & ~Copyable>(
    signature: Span<UInt8>, of message: Span<UInt8>, using hash: Hash.Type
  ) throws(CryptoError) {
    guard Hash.algorithm == (top.tree.isSHAKE ? .shake256 : .sha256) else { throw .unsupportedAlgorithm }
    do throws(ParseError) {
      var cursor = ByteCursor(signature)
      let signedKeys: UInt32 = try cursor.readBigEndian()
      guard signedKeys == UInt32(truncatingIfNeeded: levels - 1) else { throw HSSPublicKey.refusal }
      var key = top
      for _ in 1..<levels {
        let signed = try cursor.readBytes(count: key.signatureSize)
        // The key as it is encoded; how long that is, its type says.
        let rest = cursor.readRemaining()
        var keyCursor = ByteCursor(rest)
        guard let next = try LMSPublicKey(&keyCursor), next.tree.isSHAKE == top.tree.isSHAKE,
          next.tree.hashSize == top.tree.hashSize
        else { throw HSSPublicKey.refusal }
        do throws(CryptoError) {
          try key.verify(signature: signed, of: rest.extracting(0..<next.encodedSize), using: hash)
        } catch {
          throw HSSPublicKey.refusal
        }
        key = next
        cursor = ByteCursor(rest.extracting(next.encodedSize..<rest.count))
      }
      let last = cursor.readRemaining()
      do throws(CryptoError) {
        try key.verify(signature: last, of: message, using: hash)
      } catch {
        throw HSSPublicKey.refusal
      }
    } catch {
      throw .authenticationFailed
    }
  }

  /// Every reason is the same one to the caller.
  private static var refusal: ParseError { ParseError(.invalidValue, at: 0) }
}
