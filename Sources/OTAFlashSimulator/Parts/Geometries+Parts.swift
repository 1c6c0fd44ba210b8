import OTAPartition

// Sizes of blocks and units are of the manufacturers' manuals where there is such a part. Slots and scratch areas are of
// the list of devices that MCUboot simulates (sim/src/image.rs, `make_device`), so that layouts that are in use are
// tested here; where they leave no room for boot loader or journal, they are changed, and it is said. The areas of the
// journal are ours.

extension Geometries {
  /// Every part, each with its own rules; ``FlashPart/with(writeSize:erasedByte:isMultiwrite:)`` makes others.
  public static var parts: [FlashPart] {
    [
      stm32F4Mixed, stm32F4External, stm32F4OneMegabyte, stm32F769DualBank, stm32L4, k64F, k64FTwoImages,
      nrf52840,
      nrf52840External, nrf52840LargerSlotA, nrf52840LargerSlotB, psocEdge, smallPages, linuxBlockDevice,
    ]
  }

  /// Blocks of four sizes, mixed within each slot; no STM32F4 has them in this order.
  ///
  /// - Note: Source: the device `Stm32f4` of MCUboot's simulator, made to try blocks of different sizes in one slot; units
  ///   as ``stm32F4``.
  public static var stm32F4Mixed: FlashPart {
    FlashPart(
      name: "stm32f4-mixed", source: "MCUboot sim/src/image.rs, Stm32f4; units: ST RM0090",
      devices: [make(mixedRegions, writeSize: 4)],
      layout: FlashPart.Layout(
        name: "swap with scratch", boot: area(0, 0x8000),
        images: [FlashPart.Slots(a: area(0x2_0000, 0x2_0000), b: area(0x4_0000, 0x2_0000))],
        scratch: area(0x6_0000, 0x2_0000), journalA: area(0x8000, 0x4000), journalB: area(0xc000, 0x4000)))
  }

  /// The same with slot b and scratch in external flash of 64 KiB blocks.
  ///
  /// - Note: Source: the device `Stm32f4SpiFlash` of MCUboot's simulator, with the blocks of ``serialNOR64K`` in place of
  ///   its 8 KiB.
  public static var stm32F4External: FlashPart {
    FlashPart(
      name: "stm32f4-external",
      source: "MCUboot sim/src/image.rs, Stm32f4SpiFlash; 64 KiB blocks: Winbond W25Q64JV",
      devices: [make(mixedRegions, writeSize: 4), serialNOR64K],
      layout: FlashPart.Layout(
        name: "swap with scratch, slot b external", boot: area(0, 0x8000),
        images: [FlashPart.Slots(a: area(0x2_0000, 0x2_0000), b: area(0, 0x2_0000, on: 1))],
        scratch: area(0x2_0000, 0x2_0000, on: 1), journalA: area(0x8000, 0x4000),
        journalB: area(0xc000, 0x4000)))
  }

  /// An STM32F4 with 1 MiB as it is sold: three blocks of 128 KiB a slot.
  ///
  /// - Note: Source: ST RM0090, table of the flash module organisation; the layout is a project decision.
  public static var stm32F4OneMegabyte: FlashPart {
    FlashPart(
      name: "stm32f4-1m", source: "ST RM0090",
      devices: [stm32F4],
      layout: FlashPart.Layout(
        name: "swap with scratch", boot: area(0, 0x8000),
        images: [FlashPart.Slots(a: area(0x2_0000, 0x6_0000), b: area(0x8_0000, 0x6_0000))],
        scratch: area(0xe_0000, 0x2_0000), journalA: area(0x8000, 0x4000), journalB: area(0xc000, 0x4000)))
  }

  /// Two banks of 1 MiB, each with four blocks of 16 KiB, one of 64 KiB and seven of 128 KiB; a slot and an area of the
  /// journal in each.
  ///
  /// - Note: Source: ST RM0410, flash module organisation of 2 MiB in dual-bank mode. MCUboot's simulator has slot a at the
  ///   start of the first bank; here that is the boot loader's place.
  public static var stm32F769DualBank: FlashPart {
    FlashPart(
      name: "stm32f769-dual-bank", source: "ST RM0410, dual-bank mode",
      devices: [make([(16, 4), (64, 1), (128, 7), (16, 4), (64, 1), (128, 7)], writeSize: 4)],
      layout: FlashPart.Layout(
        name: "swap with scratch, a slot a bank", boot: area(0, 0x8000),
        images: [FlashPart.Slots(a: area(0x2_0000, 0xc_0000), b: area(0x12_0000, 0xc_0000))],
        scratch: area(0xe_0000, 0x2_0000), journalA: area(0x8000, 0x4000),
        journalB: area(0x10_8000, 0x4000)))
  }

  /// Blocks of 2 KiB with double words that have error correction, 256 KiB.
  ///
  /// - Note: Source: ST RM0394, section 3.3.1; the layout is a project decision.
  public static var stm32L4: FlashPart {
    FlashPart(
      name: "stm32l4", source: "ST RM0394",
      devices: [eccDoubleWord],
      layout: FlashPart.Layout(
        name: "swap with scratch", boot: area(0, 0x7000),
        images: [FlashPart.Slots(a: area(0x8000, 0x1_b800), b: area(0x2_3800, 0x1_b800))],
        scratch: area(0x3_f000, 0x1000), journalA: area(0x7000, 0x800), journalB: area(0x7800, 0x800)))
  }

  /// 128 blocks of 4 KiB with 8-byte units: one of the two banks of a K64F.
  ///
  /// - Note: Source: NXP K64P144M120SF5RM, FTFE module (sectors of 4 KiB, program phrase, no cumulative programming);
  ///   layout of the device `K64f` of MCUboot's simulator.
  public static var k64F: FlashPart {
    FlashPart(
      name: "k64f", source: "NXP K64P144M120SF5RM; MCUboot sim/src/image.rs, K64f",
      devices: [make([(4, 128)], writeSize: 8)],
      layout: FlashPart.Layout(
        name: "swap with scratch", boot: area(0, 0x2_0000),
        images: [FlashPart.Slots(a: area(0x2_0000, 0x2_0000), b: area(0x4_0000, 0x2_0000))],
        scratch: area(0x6_0000, 0x1000), journalA: area(0x6_1000, 0x1000), journalB: area(0x6_2000, 0x1000)))
  }

  /// 256 blocks of 4 KiB with 8-byte units and two images.
  ///
  /// - Note: Source: as ``k64F``; layout of the device `K64fMulti` of MCUboot's simulator.
  public static var k64FTwoImages: FlashPart {
    FlashPart(
      name: "k64f-two-images", source: "NXP K64P144M120SF5RM; MCUboot sim/src/image.rs, K64fMulti",
      devices: [make([(4, 256)], writeSize: 8)],
      layout: FlashPart.Layout(
        name: "swap with scratch, two images", boot: area(0, 0x2_0000),
        images: [
          FlashPart.Slots(a: area(0x2_0000, 0x2_0000), b: area(0x4_0000, 0x2_0000)),
          FlashPart.Slots(a: area(0x8_0000, 0x2_0000), b: area(0xa_0000, 0x2_0000)),
        ],
        scratch: area(0x6_0000, 0x1000), journalA: area(0x6_1000, 0x1000), journalB: area(0x6_2000, 0x1000)))
  }

  /// 128 blocks of 4 KiB with 4-byte units; a scratch area whose size does not divide that of the slots.
  ///
  /// - Note: Source: Nordic nRF52840 product specification, NVMC (pages of 4 KiB, words, written twice at most between two
  ///   erases: here once); layout of the device `Nrf52840` of MCUboot's simulator, which has half of the part's flash.
  public static var nrf52840: FlashPart {
    nrf(
      "nrf52840", device: "Nrf52840", layout: "swap with scratch", boot: area(0, 0x8000),
      slots: FlashPart.Slots(a: area(0x8000, 0x3_4000), b: area(0x3_c000, 0x3_4000)),
      scratch: area(0x7_0000, 0xd000), journals: [area(0x7_d000, 0x1000), area(0x7_e000, 0x1000)])
  }

  /// The same with slot b and scratch in external flash of 64 KiB blocks.
  ///
  /// - Note: Source: the device `Nrf52840SpiFlash` of MCUboot's simulator, with the blocks of ``serialNOR64K`` in place of
  ///   its 8 KiB, and slots of whole such blocks.
  public static var nrf52840External: FlashPart {
    var part = nrf(
      "nrf52840-external", device: "Nrf52840SpiFlash", layout: "swap with scratch, slot b external",
      boot: area(0, 0x8000), slots: FlashPart.Slots(a: area(0x8000, 0x6_0000), b: area(0, 0x6_0000, on: 1)),
      scratch: area(0x6_0000, 0x1_0000, on: 1), journals: [area(0x6_8000, 0x1000), area(0x6_9000, 0x1000)])
    part.source += "; 64 KiB blocks: Winbond W25Q64JV"
    part.devices.append(serialNOR64K)
    return part
  }

  /// The same with slot a one block larger than slot b, and no scratch.
  ///
  /// - Note: Source: the device `Nrf52840UnequalSlots` of MCUboot's simulator; it leaves one block, so that the journal is
  ///   in what was the boot loader's.
  public static var nrf52840LargerSlotA: FlashPart {
    nrf(
      "nrf52840-larger-a", device: "Nrf52840UnequalSlots", layout: "swap by move", boot: area(0, 0x6000),
      slots: FlashPart.Slots(a: area(0x8000, 0x3_c000), b: area(0x4_4000, 0x3_b000)), scratch: nil,
      journals: [area(0x6000, 0x1000), area(0x7000, 0x1000)])
  }

  /// The same with slot b one block larger than slot a, and no scratch.
  ///
  /// - Note: Source: the device `Nrf52840UnequalSlotsLargerSlot1` of MCUboot's simulator; the journal as in
  ///   ``nrf52840LargerSlotA``.
  public static var nrf52840LargerSlotB: FlashPart {
    nrf(
      "nrf52840-larger-b", device: "Nrf52840UnequalSlotsLargerSlot1", layout: "swap by offset",
      boot: area(0, 0x6000), slots: FlashPart.Slots(a: area(0x8000, 0x3_b000), b: area(0x4_3000, 0x3_c000)),
      scratch: nil, journals: [area(0x6000, 0x1000), area(0x7000, 0x1000)])
  }

  /// 96 blocks of 4 KiB.
  ///
  /// - Note: Source: the device `PSOCEdgeE8x` of MCUboot's simulator; its scratch area is kept, though MCUboot swaps by
  ///   offset there. The unit of 16 bytes is a project decision: it depends on the memory that is attached.
  public static var psocEdge: FlashPart {
    FlashPart(
      name: "psoc-edge", source: "MCUboot sim/src/image.rs, PSOCEdgeE8x; the unit is a project decision",
      devices: [make([(4, 96)], writeSize: 16)],
      layout: FlashPart.Layout(
        name: "swap by offset", boot: area(0, 0x2_0000),
        images: [FlashPart.Slots(a: area(0x2_0000, 0x1_0000), b: area(0x3_0000, 0x1_0000))],
        scratch: area(0x4_0000, 0x2000), journalA: area(0x4_2000, 0x1000), journalB: area(0x4_3000, 0x1000)))
  }

  /// 1024 pages of 512 bytes, with areas of the journal of four pages each.
  ///
  /// - Note: Source: the device `SmallPages` of MCUboot's simulator; the unit of 4 bytes is a project decision.
  public static var smallPages: FlashPart {
    FlashPart(
      name: "pages-512", source: "MCUboot sim/src/image.rs, SmallPages; the unit is a project decision",
      devices: [make([FlashGeometry.Region(eraseBlockSize: 512, blockCount: 1024)], writeSize: 4)],
      layout: FlashPart.Layout(
        name: "swap with scratch", boot: area(0, 0x2_0000),
        images: [FlashPart.Slots(a: area(0x2_0000, 0x2_0000), b: area(0x4_0000, 0x2_0000))],
        scratch: area(0x6_0000, 0x4000), journalA: area(0x6_4000, 0x800), journalB: area(0x6_4800, 0x800)))
  }

  /// A disk of 1024 blocks of 4 KiB that reads as zero where it was discarded, with a partition for each area.
  ///
  /// The contract of `Flash` has units of up to 32 bytes, a disk takes whole blocks. `BlockDeviceFlash` of `OTAAgent` is a
  /// driver for disks that write a logical block whole or not at all, with these rules. Here units tear as on any flash,
  /// which is worse than such a disk.
  ///
  /// - Note: Source: Linux, Documentation/ABI/stable/sysfs-block (`logical_block_size`); zero after `BLKZEROOUT`; the
  ///   layout is a project decision.
  public static var linuxBlockDevice: FlashPart {
    FlashPart(
      name: "linux-block-device", source: "Linux, Documentation/ABI/stable/sysfs-block",
      devices: [make([(4, 1024)], writeSize: 32, erasedByte: 0x00)],
      layout: FlashPart.Layout(
        name: "A/B partitions", boot: area(0, 0x10_0000),
        images: [FlashPart.Slots(a: area(0x12_0000, 0x17_0000), b: area(0x29_0000, 0x17_0000))],
        scratch: nil, journalA: area(0x10_0000, 0x2000), journalB: area(0x10_2000, 0x2000)))
  }

  // MARK: Parts of parts

  private static var mixedRegions: [(size: UInt32, count: UInt32)] {
    [(16, 4), (64, 1), (32, 2), (64, 1), (32, 2), (64, 1), (128, 1)]
  }

  private static func area(_ start: UInt32, _ size: UInt32, on device: Int = 0) -> FlashPart.Area {
    FlashPart.Area(start..<start + size, on: device)
  }

  private static func nrf(
    _ name: String, device: String, layout: String, boot: FlashPart.Area, slots: FlashPart.Slots,
    scratch: FlashPart.Area?, journals: [FlashPart.Area]
  ) -> FlashPart {
    FlashPart(
      name: name, source: "Nordic nRF52840 product specification; MCUboot sim/src/image.rs, \(device)",
      devices: [make([(4, 128)], writeSize: 4)],
      layout: FlashPart.Layout(
        name: layout, boot: boot, images: [slots], scratch: scratch, journalA: journals[0],
        journalB: journals[1]))
  }
}
