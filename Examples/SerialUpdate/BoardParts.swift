// The parts of the board that a session is made of.

internal import OTACrypto
internal import OTAPartition
internal import SerialBoard

/// The flash of the board: 1 MiB in blocks of 4 KiB, written in units of 4 bytes.
struct BoardFlash: Flash {
  let geometry: FlashGeometry

  init() throws(LayoutError) {
    geometry = try FlashGeometry(eraseBlockSize: 4096, blockCount: 256, writeSize: 4)
  }

  mutating func read(into destination: inout MutableSpan<UInt8>, at offset: UInt32) throws(FlashError) {
    try geometry.checkRead(at: offset, count: destination.count)
    let status = unsafe destination.withUnsafeMutableBufferPointer { buffer -> Int32 in
      guard let base = buffer.baseAddress else { return 0 }
      return unsafe board_flash_read(offset, base, UInt32(truncatingIfNeeded: buffer.count))
    }
    guard status == 0 else { throw .deviceFailure }
  }

  mutating func write(_ source: Span<UInt8>, at offset: UInt32) throws(FlashError) {
    try geometry.checkWrite(at: offset, count: source.count)
    let status = unsafe source.withUnsafeBufferPointer { buffer -> Int32 in
      guard let base = buffer.baseAddress else { return 0 }
      return unsafe board_flash_write(offset, base, UInt32(truncatingIfNeeded: buffer.count))
    }
    guard status == 0 else { throw .deviceFailure }
  }

  mutating func erase(_ range: Range<UInt32>) throws(FlashError) {
    try geometry.checkErase(range)
    guard board_flash_erase(range.lowerBound, range.upperBound - range.lowerBound) == 0 else {
      throw .deviceFailure
    }
  }
}

/// The signatures of the board: Ed25519 only.
struct BoardVerifier: SignatureVerifier {
  func verify(signature: Span<UInt8>, of message: Span<UInt8>, by key: PublicKey) throws(CryptoError) {
    let good = unsafe signature.withUnsafeBufferPointer { signature -> Int32 in
      unsafe message.withUnsafeBufferPointer { message -> Int32 in
        unsafe key.span.withUnsafeBufferPointer { key -> Int32 in
          guard signature.count == 64, let first = signature.baseAddress, let bytes = message.baseAddress,
            let point = key.baseAddress
          else { return 0 }
          return unsafe board_verify(first, bytes, UInt32(truncatingIfNeeded: message.count), point)
        }
      }
    }
    guard good == 1 else { throw .authenticationFailed }
  }
}

/// The key of the device.
struct BoardSigner: ReceiptSigner {
  var publicKey: PublicKey {
    let bytes = unsafe withUnsafeBytes(of: board_device_key) { buffer in
      var bytes = InlineArray<32, UInt8>(repeating: 0)
      for index in 0..<min(32, buffer.count) { unsafe bytes[index] = buffer[index] }
      return bytes
    }
    guard let key = try? PublicKey(algorithm: .ed25519, copying: bytes.span) else {
      preconditionFailure("keys of Ed25519 have 32 bytes")
    }
    return key
  }

  mutating func sign(_ message: Span<UInt8>, into signature: inout MutableSpan<UInt8>) throws(CryptoError) {
    let status = unsafe signature.withUnsafeMutableBufferPointer { signature -> Int32 in
      unsafe message.withUnsafeBufferPointer { message -> Int32 in
        guard signature.count == 64, let first = signature.baseAddress, let bytes = message.baseAddress else {
          return -1
        }
        return unsafe board_sign(first, bytes, UInt32(truncatingIfNeeded: message.count))
      }
    }
    guard status == 0 else { throw .unavailable }
  }
}
