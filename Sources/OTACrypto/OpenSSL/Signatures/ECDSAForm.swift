import COpenSSL

/// The two forms of a signature of ECDSA.
enum ECDSAForm {
  /// Makes the DER form of r and s.
  ///
  /// - Returns: `nil` if `signature` is not twice as long as a coordinate, or there is no memory.
  static func der(ofFixed signature: Span<UInt8>, coordinateSize: Int) -> [UInt8]? {
    guard signature.count == 2 * coordinateSize, let size = Int32(exactly: coordinateSize) else { return nil }
    guard let value = unsafe ECDSA_SIG_new() else { return nil }
    defer { unsafe ECDSA_SIG_free(value) }
    let isSet = unsafe signature.withUnsafeBufferPointer { buffer in
      guard let start = buffer.baseAddress else { return false }
      let r = unsafe BN_bin2bn(start, size, nil)
      let s = unsafe BN_bin2bn(start + coordinateSize, size, nil)
      // Takes both over, if it works.
      guard unsafe ECDSA_SIG_set0(value, r, s) == 1 else {
        unsafe BN_free(r)
        unsafe BN_free(s)
        return false
      }
      return true
    }
    let count = unsafe i2d_ECDSA_SIG(value, nil)
    guard isSet, count > 0 else { return nil }
    var der = [UInt8](repeating: 0, count: Int(count))
    let written = unsafe der.withUnsafeMutableBufferPointer { buffer in
      var position = buffer.baseAddress
      return unsafe i2d_ECDSA_SIG(value, &position)
    }
    return written == count ? der : nil
  }

  /// Makes r and s, each as long as a coordinate, of the DER form.
  ///
  /// - Returns: `nil` if it is none, or a number is too long.
  static func fixed(ofDER signature: [UInt8], coordinateSize: Int) -> [UInt8]? {
    guard let size = Int32(exactly: coordinateSize) else { return nil }
    let value = unsafe signature.withUnsafeBufferPointer { buffer in
      var position = buffer.baseAddress
      return unsafe d2i_ECDSA_SIG(nil, &position, buffer.count)
    }
    guard let value = unsafe value else { return nil }
    defer { unsafe ECDSA_SIG_free(value) }
    var r = [UInt8](repeating: 0, count: coordinateSize)
    var s = r
    guard unsafe BN_bn2binpad(ECDSA_SIG_get0_r(value), &r, size) == size,
      unsafe BN_bn2binpad(ECDSA_SIG_get0_s(value), &s, size) == size
    else { return nil }
    return r + s
  }
}
