#if Sodium
/// Checks Ed25519 with the library of this build: libsodium, since the trait `Sodium` is on.
public typealias Ed25519Verifier = SodiumCoreVerifier
/// Signs with the library of this build: libsodium, since the trait `Sodium` is on.
public typealias Ed25519Signer = SodiumCoreSigner
#else
/// Checks Ed25519 with the library of this build: Monocypher, since the trait `Sodium` is off.
public typealias Ed25519Verifier = MonocypherVerifier
/// Signs with the library of this build: Monocypher, since the trait `Sodium` is off.
public typealias Ed25519Signer = MonocypherSigner
#endif
