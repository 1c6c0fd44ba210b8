public import OTACore
public import OTACrypto
import OTACryptoOpenSSL
import OTACryptoSodium
public import OTAManifest

/// The verifier for SUIT envelopes and boot receipts in COSE.
public struct SUITServerVerifier: ServerVerifier {
  // Devices and publishers have keys of all kinds.
  private static let backends = CryptoBackends([.openSSL, .sodium])

  private let publishers: TrustStore?
  private let policy: SignaturePolicy
  private let limits: Limits

  /// Makes a verifier.
  ///
  /// - Parameters:
  ///   - publishers: the keys whose manifests may be published, with the role `.manifest`; `nil` to leave that to the
  ///     devices, which check it in any case.
  ///   - limits: how large manifests, and what they describe, may be.
  ///   - policy: how many of the publishers must have signed, and with keys of which kinds.
  public init(
    publishers: TrustStore?, limits: Limits = Limits(), policy: SignaturePolicy = .oneSignature
  ) {
    self.publishers = publishers
    self.policy = policy
    self.limits = limits
  }

  /// Reads the manifest in a SUIT envelope, and verifies it if the publishers are known.
  ///
  /// - Throws: the code of the reason, as the device would give it.
  public func manifest(in envelope: [UInt8]) throws(VerificationRefusal) -> Manifest {
    do throws(ManifestError) {
      if let publishers {
        let verifier = ManifestVerifier(verifier: SUITServerVerifier.backends, hash: SodiumSHA256.self)
        return try verifier.open(
          envelope.span, trustStore: publishers, policy: policy, limits: limits
        ).manifest
      }
      let parsed = try SUITEnvelope(parsing: envelope.span, limits: limits)
      let suit = try SUITManifest(parsed, of: envelope.span, limits: limits, hash: SodiumSHA256.self)
      return try Manifest(suit, limits: limits)
    } catch {
      throw VerificationRefusal(error.code)
    }
  }

  /// Verifies a boot receipt and reads it.
  ///
  /// - Parameters:
  ///   - bytes: the signed receipt.
  ///   - key: the registered key of the device that sent it.
  /// - Returns: what the receipt says.
  /// - Throws: the code of the reason.
  public func receipt(
    in bytes: [UInt8], signedBy key: PublicKey
  ) throws(VerificationRefusal) -> DeviceReceipt {
    do throws(ManifestError) {
      let receipt = try BootReceipt.verify(bytes.span, by: key, using: SUITServerVerifier.backends)
      return DeviceReceipt(
        device: receipt.deviceID,
        report: Report(updateID: receipt.updateID, outcome: receipt.outcome),
        imageDigest: receipt.runningImage, sequenceNumber: receipt.runningSequenceNumber)
    } catch {
      throw VerificationRefusal(error.code)
    }
  }
}
