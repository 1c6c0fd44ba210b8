import CSodium
import OTACrypto

/// The library's own start, which happens once and may fail.
enum Sodium {
  private static let isReady: Bool = sodium_init() >= 0

  /// Makes sure that the library started.
  ///
  /// - Throws: `CryptoError.unavailable` if it could not, now and ever after.
  static func start() throws(CryptoError) {
    guard isReady else { throw .unavailable }
  }

  /// Lets the library choose its fastest code; hashing works without it.
  static func startIfPossible() { _ = isReady }
}
