import OTACore
import OTACryptoSodium
import OTAFlashSimulator
import OTAPartition

/// What the journal of a device says; a noncopyable storage cannot leave an expectation.
func openedState(_ flash: SimulatedFlash, layout: DeviceLayout) throws(StorageError) -> DeviceState {
  try DeviceStorage(opening: flash, layout: layout).state
}

/// Stages and verifies an image, and requests its trial.
func install(
  _ image: TestImage, on storage: inout DeviceStorage<SimulatedFlash>, attempts: UInt8 = 3
) throws(StorageError) {
  var writer = try storage.beginStaging(image.verifiedManifest(), offer: image.offer)
  let payload = image.payload
  try storage.write(payload.span.extracting(Int(writer.offset)..<payload.count), with: &writer)
  let staged = try storage.finish(writer)
  try storage.activate(try storage.verify(staged, using: SodiumSHA256.self), attempts: attempts)
}
