import COpenSSL
import OTACrypto
import Synchronization

/// A key in memory that is overwritten when its last owner goes.
final class SharedKey: Sendable {
  // The mutex lets `deinit` write in place.
  private let storage: Mutex<[UInt8]>
  let count: Int

  init(_ bytes: Span<UInt8>) {
    var copy: [UInt8] = []
    copy.reserveCapacity(bytes.count)
    for index in 0..<bytes.count { copy.append(bytes[index]) }
    storage = Mutex(copy)
    count = bytes.count
  }

  /// Lends the key for as long as `body` runs.
  func withBytes<Failure: Error>(_ body: (Span<UInt8>) throws(Failure) -> Void) throws(Failure) {
    try storage.withLock { (bytes) throws(Failure) in try body(bytes.span) }
  }

  deinit {
    storage.withLock { bytes in unsafe OPENSSL_cleanse(&bytes, bytes.count) }
  }
}
