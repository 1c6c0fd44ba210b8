public import OTACrypto

extension CryptoBackend {
  /// libsodium: Ed25519, SHA-2, BLAKE2b.
  public static let sodium = CryptoBackend(
    name: "libsodium",
    hashes: [Hash(SodiumSHA256.self), Hash(SodiumSHA512.self), Hash(SodiumBLAKE2b256.self)],
    signatures: [.ed25519], verifier: SodiumVerifier())
}
