import OTACore
import OTACrypto
import OTAPartition

func firstStage<Device: Flash, Dog: Watchdog>(
  flash: Device, watchdog: inout Dog, layout: DeviceLayout, rootKeys: MCUbootKeys,
  verifier: some SignatureVerifier,
  golden: ImageDescription, memory: inout MutableSpan<UInt8>, jump: (Range<UInt32>) -> Void
) throws {
  // snippet.show
  // In the first stage, at every start:
  let stage = try BootChain().next(
    .secondStage, layout: layout, authority: SignedImages(rootKeys, verifier: verifier),
    recovery: RecoveryPartition(0x6_4000..<0x8_0000, authority: CompiledInImage(golden)),
    hash: SHA256.self, opening: { flash })
  // Verified and measured. One that hangs while it is on trial costs an attempt, and reverts after the last.
  try watchdog.guardTrial(of: stage, timeout: 5000)
  try stage.enter(leaving: &memory, jump)
  // snippet.hide
}
