import OTACore
import OTACryptoPKCS11
import OTACryptoSodium
import OTAManifest

func cryptoPKCS11(manifest: Manifest, pin: consuming SecretBytes) async throws {
  // snippet.show
  let name = try PKCS11URI(
    "pkcs11:token=release;object=manifest-2026?module-path=/usr/lib/softhsm/libsofthsm2.so")
  let key = try await PKCS11Key.open(name, pin: pin)
  let signer = try PKCS11Signer(key)
  let envelope = try await manifest.signedEnvelope(by: signer)
  // snippet.hide
  _ = envelope
}
