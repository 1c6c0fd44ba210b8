import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTADelta

/// The digests of both images that stand in the header of a native patch.
struct NativeDigests: Sendable {
  let old: InlineArray<8, UInt8>
  let new: InlineArray<8, UInt8>

  init(old: [UInt8], new: [UInt8]) {
    self.old = NativeDigests.digest(of: old)
    self.new = NativeDigests.digest(of: new)
  }

  /// Whether an image has a digest.
  static func matches(_ digest: InlineArray<8, UInt8>, _ image: [UInt8]) -> Bool {
    let found = NativeDigests.digest(of: image)
    return digest.indices.allSatisfy { digest[$0] == found[$0] }
  }

  private static func digest(of image: [UInt8]) -> InlineArray<8, UInt8> {
    let digest = OpenSSLSHA256.digest(of: image.span)
    var result = InlineArray<8, UInt8>(repeating: 0)
    for index in 0..<NativeHeader.digestSize { result[index] = digest.bytes[index] }
    return result
  }
}
