import OTACore
import OTACrypto
import OTAManifest

/// A SUIT_Encryption_Info for machines; names and meanings are stable.
struct EncryptionReport: Encodable {
  struct Recipient: Encodable {
    /// The name of the algorithm in the registry of COSE.
    var algorithm: String
    /// The name of the key in hexadecimal; absent if it is not said.
    var keyID: String?
  }

  /// The name of the algorithm in the registry of COSE.
  var algorithm: String
  var recipients: [Recipient]

  /// Reads one; `nil` if it is not one that is known here.
  init?(_ bytes: [UInt8]) {
    guard let info = try? SUITEncryptionInfo(parsing: bytes.span) else { return nil }
    algorithm = PayloadFiles.name(of: info.algorithm)
    recipients = info.recipients.map { recipient in
      let wrapping = "A\(recipient.wrapping.keySize * 8)KW"
      return Recipient(
        algorithm: recipient.agreement == nil ? wrapping : "ECDH-ES + \(wrapping)",
        keyID: recipient.keyIdentifier.isEmpty ? nil : hexadecimal(Array(bytes[recipient.keyIdentifier])))
    }
  }
}
