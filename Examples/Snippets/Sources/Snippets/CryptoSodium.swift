import OTACore
import OTACrypto
import OTACryptoSodium

func cryptoSodium(message: [UInt8]) async throws {
  // snippet.show
  let key = try Ed25519PrivateKey.generate()
  let publicKey = key.publicKey
  let signer = SodiumSigner(key)

  let signature = try await signer.signature(for: message)
  // Returns only if the signature is good.
  try SodiumVerifier().verify(signature: signature.span, of: message.span, by: publicKey)
  // snippet.hide
}
