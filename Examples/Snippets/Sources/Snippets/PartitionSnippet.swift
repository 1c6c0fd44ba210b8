import OTACore
import OTACrypto
import OTAPartition

func partition<Device: Flash>(flash: Device) throws {
  // snippet.show
  // In the boot loader, at every start:
  let layout = try DeviceLayout(
    slotA: 0x0_0000..<0x3_0000, slotB: 0x3_0000..<0x6_0000, journalA: 0x6_0000..<0x6_2000,
    journalB: 0x6_2000..<0x6_4000, on: flash.geometry)
  var storage = try DeviceStorage(opening: flash, layout: layout)
  let decision = try BootManager.boot(&storage, hash: SHA256.self)
  print("jump to \(storage.range(of: decision.slot)), verified just now")
  // snippet.hide
}
