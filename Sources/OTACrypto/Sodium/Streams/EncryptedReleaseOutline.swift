public import OTACore
public import OTACrypto

/// What anybody can read of an ``EncryptedRelease``: for which keys it is, and in which chunks.
///
/// Nothing of it is authenticated before the first chunk was opened.
public struct EncryptedReleaseOutline: Equatable, Sendable {
  /// The length of a chunk, in bytes.
  public let chunkSize: Int
  /// The names of the recipients' keys, in order: ``EncryptedRelease/name(of:)``.
  public let recipients: [Digest]

  /// Reads the header.
  ///
  /// - Parameter bytes: the beginning of a release, or all of it.
  /// - Throws: `CryptoError.authenticationFailed` if it is no header, or is cut off; `CryptoError.unsupportedAlgorithm` for
  ///   another version.
  public init(parsing bytes: Span<UInt8>) throws(CryptoError) {
    guard bytes.count >= EncryptedRelease.fixedSize else { throw .authenticationFailed }
    for index in 0..<4 where bytes[index] != EncryptedRelease.magic[index] { throw .authenticationFailed }
    guard bytes[4] == 1, bytes[5] == 0 else { throw .unsupportedAlgorithm }
    let count = Int(bytes[6]) | Int(bytes[7]) << 8
    chunkSize = Int(bytes[8]) | Int(bytes[9]) << 8 | Int(bytes[10]) << 16 | Int(bytes[11]) << 24
    guard count >= 1, count <= EncryptedRelease.maximumRecipientCount,
      EncryptedRelease.chunkSizes.contains(chunkSize),
      bytes.count >= EncryptedRelease.headerSize(recipients: count)
    else { throw .authenticationFailed }
    var recipients: [Digest] = []
    for index in 0..<count {
      let start = EncryptedRelease.fixedSize + index * EncryptedRelease.recipientSize
      do throws(ParseError) {
        recipients.append(try Digest(algorithm: .sha256, bytes: bytes.extracting(start..<start + 32)))
      } catch {
        throw .authenticationFailed
      }
    }
    self.recipients = recipients
  }
}
