import OTAPartition

func joined<Internal: Flash, External: Flash>(onChip: Internal, external: External) throws {
  // snippet.show
  // Journal and slot a in internal flash, slot b at the start of the external one, behind it.
  let flash = try JoinedFlash(onChip, external)
  let layout = try DeviceLayout(
    slotA: 0x0_4000..<0x4_0000, slotB: flash.border..<flash.border + 0x3_c000, journalA: 0..<0x2000,
    journalB: 0x2000..<0x4000, on: flash.geometry)
  let storage = try DeviceStorage(opening: flash, layout: layout)
  // snippet.hide
  print(storage.runningSlot)
}
