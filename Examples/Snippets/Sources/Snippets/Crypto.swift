import OTACore
import OTACrypto

func crypto(image: [UInt8], vendorKey: PublicKey, named identifier: KeyIdentifier) throws {
  // snippet.show
  var hash = SHA256()
  hash.update(image.span)
  let digest = hash.finalize()

  var trustStore = TrustStore()
  try trustStore.add(vendorKey, for: .manifest)
  // Throws unless this key is trusted for manifests: one that only signs receipts is not.
  let key = try trustStore.key(identifier, for: .manifest)
  // snippet.hide
  print(digest, key)
}
