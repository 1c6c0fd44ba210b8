public import OTACore
public import OTACrypto

/// What the server needs of the manifest format and of cryptography.
///
/// The server holds no signing key, and devices do not trust it: what is checked here keeps mistakes and forged
/// reports out of its own records.
public protocol ServerVerifier: Sendable {
  /// Reads, and as far as the verifier knows the publishers' keys also verifies, the manifest in an envelope.
  ///
  /// - Throws: the code of the reason, as the device would give it.
  func manifest(in envelope: [UInt8]) throws(VerificationRefusal) -> Manifest

  /// Verifies a boot receipt and reads it.
  ///
  /// - Parameters:
  ///   - bytes: the signed receipt.
  ///   - key: the registered key of the device that sent it.
  /// - Returns: what the receipt says.
  /// - Throws: the code of the reason.
  func receipt(in bytes: [UInt8], signedBy key: PublicKey) throws(VerificationRefusal) -> DeviceReceipt
}

/// Why a ``ServerVerifier`` refused something.
public struct VerificationRefusal: Error, Equatable, Sendable {
  /// The reason.
  public var code: ErrorCode

  /// Makes a refusal.
  public init(_ code: ErrorCode) {
    self.code = code
  }
}
