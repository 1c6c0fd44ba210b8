import OTACore
import OTACrypto
import OTACryptoOpenSSL

func cryptoOpenSSL(text: [UInt8], signature: [UInt8], message: [UInt8]) throws {
  // snippet.show
  let key = try OpenSSLPublicKey(pem: text.span)
  // Returns only if the signature is good; the scheme is the caller's, never the signature's.
  try key.verify(signature: signature.span, of: message.span, scheme: .ecdsaP256SHA256)
  // snippet.hide
}
