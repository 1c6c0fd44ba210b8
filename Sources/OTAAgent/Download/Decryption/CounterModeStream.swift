import OTACrypto
import OTACryptoSodium

/// A payload in counter mode, piece by piece, over a backend that decrypts one message at a time.
///
/// Nothing of it is authentic before the blocks of the manifest say so.
///
/// - Note: Source: NIST SP 800-38A, section 6.5: the n-th block is added to the n-th counter.
struct CounterModeStream: ~Copyable {
  private static var blockSize: Int { 16 }

  private let key: SecretBytes
  private let algorithm: ContentEncryption
  private let firstCounter: [UInt8]
  private var offset: UInt64 = 0

  /// Starts at the first byte.
  ///
  /// - Parameters:
  ///   - key: the key of the payload.
  ///   - algorithm: one without a tag.
  ///   - firstCounter: the first counter block, 16 bytes.
  init(key: consuming SecretBytes, algorithm: ContentEncryption, firstCounter: [UInt8]) {
    self.key = key
    self.algorithm = algorithm
    self.firstCounter = firstCounter
  }

  /// Decrypts the next bytes in place; any division into calls gives the same stream.
  mutating func apply(_ bytes: inout [UInt8], with keys: some PayloadKeys) throws(CryptoError) {
    var start = 0
    let done = Int(offset % UInt64(Self.blockSize))
    if done > 0 {
      // The rest of a block that was begun.
      start = min(Self.blockSize - done, bytes.count)
      var block = [UInt8](repeating: 0, count: Self.blockSize)
      for index in 0..<start { block[done + index] = bytes[index] }
      var span = block.mutableSpan
      try open(&span, with: keys)
      for index in 0..<start { bytes[index] = block[done + index] }
      offset += UInt64(start)
    }
    guard start < bytes.count else { return }
    let count = bytes.count
    var span = bytes.mutableSpan
    var rest = span._mutatingExtracting(start..<count)
    try open(&rest, with: keys)
    offset += UInt64(count - start)
  }

  /// Decrypts from the beginning of the block that is next.
  private borrowing func open(
    _ message: inout MutableSpan<UInt8>, with keys: some PayloadKeys
  ) throws(CryptoError) {
    // The counter is a number of 128 bits, most significant byte first, that wraps.
    var counter = firstCounter
    var carry = offset / UInt64(Self.blockSize)
    for index in counter.indices.reversed() {
      let sum = UInt64(counter[index]) + (carry & 0xff)
      counter[index] = UInt8(truncatingIfNeeded: sum)
      carry = (carry >> 8) + (sum >> 8)
    }
    let nothing: [UInt8] = []
    try key.withBytes { (key) throws(CryptoError) in
      try keys.open(
        &message, tag: nothing.span, by: algorithm, key: key, nonce: counter.span,
        associatedData: nothing.span)
    }
  }
}
