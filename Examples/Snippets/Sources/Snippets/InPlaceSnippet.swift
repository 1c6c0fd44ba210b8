import OTACore
import OTACrypto
import OTADelta
import OTAInPlace
import OTAPartition

func inPlace<Device: Flash>(
  flash: Device, manifest: borrowing VerifiedManifest, chunks: [[UInt8]]
) throws {
  // snippet.show
  // In the boot loader, at every start:
  let layout = try InPlaceLayout(
    slot: 0x0_0000..<0x5_0000, store: 0x5_0000..<0x6_0000, journalA: 0x6_0000..<0x6_2000,
    journalB: 0x6_2000..<0x6_4000, on: flash.geometry)
  var storage = try InPlaceStorage(opening: flash, layout: layout, hash: SHA256.self)
  var codec = NativeSegmentCodec(memory: DecoderMemory(allocating: 16 << 10))
  let decision = try storage.boot(with: &codec)
  print("jump to number \(decision.image.sequenceNumber), verified just now")

  // In the application, with a manifest that was verified:
  var writer = try storage.beginStaging(manifest)
  for chunk in chunks { try storage.write(chunk.span, with: &writer) }
  let payload = try storage.finish(writer)
  try storage.begin(payload, codec: NativeSegmentCodec.self, attempts: 3)
  // snippet.hide
}
