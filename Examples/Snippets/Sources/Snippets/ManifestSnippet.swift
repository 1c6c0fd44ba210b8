import OTACore
import OTACrypto
import OTACryptoSodium
import OTAManifest

func manifest(_ manifest: Manifest, signer: SodiumSigner, context: VerificationContext) async throws {
  // snippet.show
  // Where the firmware is built:
  let envelope = try await manifest.signedEnvelope(by: signer)

  // On the device, which knows itself and the keys that it trusts:
  let verifier = ManifestVerifier(verifier: SodiumVerifier(), hash: SHA256.self)
  let verified = try verifier.verify(envelope.span, context: context)
  print("may install version \(verified.manifest.newVersion)")
  // snippet.hide
}
