import OTACore
import OTACrypto
import OTACryptoSodium
import OTAPartition

func secrets<Device: Flash, Counter: MonotonicCounter>(
  flash: inout Device, counter: Counter, key: consuming SecretBytes, device: UniversalIdentifier,
  password: [UInt8], update: [UInt8], image: RunningImage
) throws {
  // snippet.show
  var secrets = try SecureStorage(
    areaA: 0x6_4000..<0x6_5000, areaB: 0x6_5000..<0x6_6000, on: flash.geometry, identifier: device,
    counter: counter, cipher: XChaCha20Poly1305(key: key), random: SodiumRandom())
  // Throws if somebody changed it, or put an old state back.
  try secrets.open(&flash)
  try secrets.set(StorageKey(1), to: password.span, on: &flash)

  // The keys that the device trusts replace themselves, by a quorum of the old ones and one of the new ones.
  var anchors = try TrustAnchorStore(
    copyA: 0x6_6000..<0x6_7000, copyB: 0x6_7000..<0x6_8000, on: flash.geometry)
  let state = try anchors.read(from: &flash, pinnedIn: &secrets, as: StorageKey(2))
  let next = try state.anchors.verify(update: update.span, using: SodiumVerifier())
  try anchors.install(next, on: image, to: &flash, pinnedIn: &secrets, as: StorageKey(2))
  // snippet.hide
}
