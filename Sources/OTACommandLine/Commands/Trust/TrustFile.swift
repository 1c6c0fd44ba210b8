import Foundation
import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTACryptoSodium
import OTAPartition

/// Files with sets of trust anchors, signed or not yet.
enum TrustFile {
  /// What checks signatures.
  static let verifier = CryptoBackends([.openSSL, .sodium])

  /// Reads a set, or an update.
  ///
  /// - Parameter path: the file; `-` for standard input.
  /// - Returns: the set with its signatures; nothing of it is verified.
  /// - Throws: what `InputFile` throws; status ``ExitStatus/failed`` if it is neither.
  static func read(_ path: String) throws(CommandFailure) -> SignedTrustAnchors {
    try parse(try InputFile.read(path, limit: TrustAnchors.maximumUpdateSize), path)
  }

  static func parse(_ bytes: [UInt8], _ path: String) throws(CommandFailure) -> SignedTrustAnchors {
    do throws(TrustAnchorError) {
      return try SignedTrustAnchors(parsing: bytes)
    } catch {
      throw failure(path, error)
    }
  }

  /// Writes an update, or a set that nobody has signed yet.
  static func write(_ set: SignedTrustAnchors, to path: String) throws(CommandFailure) {
    let bytes: [UInt8]
    do throws(TrustAnchorError) { bytes = try set.bytes } catch { throw failure(path, error) }
    try OutputFile.write(bytes.span, to: path)
  }

  /// Whether a key has signed a set.
  static func isGood(
    _ signature: [UInt8], under anchors: TrustAnchors, by key: PublicKey
  ) -> Bool {
    guard let input = try? anchors.signatureInput else { return false }
    do throws(CryptoError) {
      try verifier.verify(signature: signature.span, of: input.span, by: key)
      return true
    } catch {
      return false
    }
  }

  static func failure(_ path: String, _ error: TrustAnchorError) -> CommandFailure {
    let (why, remedy, status): (String, String, ExitStatus) =
      switch error {
      case .malformed(let error):
        (
          "not a set of trust anchors (at byte \(error.offset))", "name a file that 'ota trust' has written",
          .failed
        )
      case .currentThresholdNotMet:
        (
          "fewer root keys of the set before it than its threshold have signed it",
          "have more of them sign it with 'ota trust sign'", .refused
        )
      case .newThresholdNotMet:
        (
          "fewer of its own root keys than its threshold have signed it",
          "have more of them sign it with 'ota trust sign'", .refused
        )
      case .newKeyNotProven:
        (
          "a key that is new for manifests or images has not signed it",
          "have each new key sign it with 'ota trust sign'", .refused
        )
      case .numberMismatch:
        ("its number is not that of the set before it plus one", "name every set, in order", .refused)
      case .scopeMismatch:
        ("it is for other devices than the set before it", "use one scope for all sets", .refused)
      case .crypto:
        ("its signatures cannot be checked", "check that libsodium and libcrypto are intact", .unavailable)
      case .storage, .secureStorage, .unreadable, .notProvisioned, .alreadyProvisioned, .tampered,
        .superseded, .expired, .updateInProgress, .retirementPending:
        ("a device would not take it", "see Docs/KeyLifecycle.md", .failed)
      }
    return CommandFailure(path, why: why, remedy: remedy, code: error.code, status: status)
  }
}

/// Times in files and on the screen: UTC, to the second.
enum TrustTime {
  /// The first second of the year 10000, which has no such text any more.
  static let end: UInt64 = 253_402_300_800

  static func text(_ seconds: UInt64) -> String {
    guard seconds < end else { return String(seconds) }
    return Date(timeIntervalSince1970: TimeInterval(seconds)).formatted(.iso8601)
  }

  /// Reads `2027-01-31T12:00:00Z`, or `2027-01-31` for the beginning of that day.
  static func seconds(_ text: String) -> UInt64? {
    let whole = text.contains("T") ? text : text + "T00:00:00Z"
    guard let date = try? Date(whole, strategy: .iso8601), date.timeIntervalSince1970 >= 0,
      date.timeIntervalSince1970 < TimeInterval(end)
    else { return nil }
    let seconds = UInt64(date.timeIntervalSince1970)
    // One form: nothing that the parser has passed over, and no day that the month does not have.
    return self.text(seconds) == whole ? seconds : nil
  }
}
