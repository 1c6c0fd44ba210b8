import OTAFlashSimulator
import OTAPartition
import Testing

@Suite("Parts and their layouts")
struct FlashPartTests {
  @Test("There is each part of the list, under a name of its own")
  func names() {
    let names = Geometries.parts.map(\.name)
    #expect(Set(names).count == names.count && names.count == 14)
    #expect(Geometries.parts.allSatisfy { !$0.source.isEmpty && !$0.layout.name.isEmpty })
  }

  @Test("The blocks are those of the data sheets")
  func blocks() throws {
    func sizes(_ geometry: FlashGeometry) -> [UInt32] {
      (0..<geometry.regionCount).flatMap { index in
        let region = geometry.region(index)
        return [UInt32](repeating: region.eraseBlockSize >> 10, count: Int(region.blockCount))
      }
    }
    let bank: [UInt32] = [16, 16, 16, 16, 64, 128, 128, 128, 128, 128, 128, 128]
    let mixed: [UInt32] = [16, 16, 16, 16, 64, 32, 32, 64, 32, 32, 64, 128]
    #expect(sizes(Geometries.stm32F4Mixed.devices[0]) == mixed)
    #expect(sizes(Geometries.stm32F4External.devices[0]) == mixed)
    #expect(sizes(Geometries.stm32F4External.devices[1]) == [UInt32](repeating: 64, count: 8))
    #expect(sizes(Geometries.stm32F4OneMegabyte.devices[0]) == bank)
    #expect(sizes(Geometries.stm32F769DualBank.devices[0]) == bank + bank)
    #expect(sizes(Geometries.stm32L4.devices[0]) == [UInt32](repeating: 2, count: 128))
    #expect(sizes(Geometries.k64F.devices[0]) == [UInt32](repeating: 4, count: 128))
    #expect(sizes(Geometries.k64FTwoImages.devices[0]) == [UInt32](repeating: 4, count: 256))
    for part in [
      Geometries.nrf52840, Geometries.nrf52840External, Geometries.nrf52840LargerSlotA,
      Geometries.nrf52840LargerSlotB,
    ] {
      #expect(sizes(part.devices[0]) == [UInt32](repeating: 4, count: 128))
    }
    #expect(Geometries.nrf52840External.devices.count == 2)
    #expect(sizes(Geometries.nrf52840External.devices[1]) == [UInt32](repeating: 64, count: 8))
    #expect(sizes(Geometries.psocEdge.devices[0]) == [UInt32](repeating: 4, count: 96))
    let pages = Geometries.smallPages.devices[0].region(0)
    #expect(pages == FlashGeometry.Region(eraseBlockSize: 512, blockCount: 1024))
    #expect(Geometries.linuxBlockDevice.devices[0].erasedByte == 0)
    #expect(Geometries.linuxBlockDevice.devices[0].capacity == 4 << 20)
  }

  @Test("The device core takes the layout of every image", arguments: Geometries.parts)
  func layouts(_ part: FlashPart) throws {
    let capacity = part.devices.reduce(0) { $0 + $1.capacity }
    #expect(try part.combinedGeometry().capacity == capacity)
    #expect(!part.layout.images.isEmpty)
    for image in part.layout.images.indices {
      let layout = try part.deviceLayout(ofImage: image)
      #expect(layout.slotA == (try part.range(of: part.layout.images[image].a)))
      #expect(layout.journalB == (try part.range(of: part.layout.journalB)))
    }
    #expect(throws: LayoutError.missingPartition) {
      try part.deviceLayout(ofImage: part.layout.images.count)
    }
  }

  @Test("It does with every unit and erased value", arguments: Geometries.parts)
  func layoutsOfVariants(_ part: FlashPart) throws {
    for rules in try FlashRules.all() {
      let variant = try part.with(
        writeSize: rules.writeSize, erasedByte: rules.erasedByte, isMultiwrite: rules.isMultiwrite)
      for device in variant.devices {
        #expect(device.writeSize == rules.writeSize && device.erasedByte == rules.erasedByte)
        #expect(device.isMultiwrite == rules.isMultiwrite)
      }
      _ = try variant.deviceLayout()
    }
    #expect(throws: LayoutError.invalidGeometry) {
      try part.with(writeSize: 3, erasedByte: 0xff, isMultiwrite: false)
    }
    #expect(throws: LayoutError.invalidGeometry) {
      try part.with(writeSize: 4, erasedByte: 0x01, isMultiwrite: false)
    }
  }

  @Test("Areas are of whole blocks, inside their devices, and apart", arguments: Geometries.parts)
  func areas(_ part: FlashPart) {
    let areas = part.layout.areas
    for (index, area) in areas.enumerated() {
      #expect(part.devices.indices.contains(area.device))
      let device = part.devices[area.device]
      #expect(!area.range.isEmpty && area.range.upperBound <= device.capacity)
      #expect(device.isEraseBoundary(area.range.lowerBound) && device.isEraseBoundary(area.range.upperBound))
      for other in areas[..<index] {
        #expect(other.device != area.device || !other.range.overlaps(area.range), "\(other) \(area)")
      }
    }
    // What resets the processor is at the start.
    #expect(part.layout.boot.device == 0 && part.layout.boot.range.lowerBound == 0)
  }

  @Test("A scratch area takes the largest block of the slots", arguments: Geometries.parts)
  func scratch(_ part: FlashPart) {
    guard let scratch = part.layout.scratch else {
      #expect(!part.layout.name.contains("scratch"))
      return
    }
    for slot in part.layout.images.flatMap({ [$0.a, $0.b] }) {
      var offset = slot.range.lowerBound
      while offset < slot.range.upperBound,
        let block = part.devices[slot.device].eraseBlock(containing: offset)
      {
        #expect(block.count <= scratch.range.count)
        offset = block.upperBound
      }
    }
  }

  @Test("Slots are equal but where it is said")
  func slots() {
    for part in Geometries.parts {
      for image in part.layout.images {
        let difference = image.a.range.count - image.b.range.count
        switch part.name {
        case "nrf52840-larger-a": #expect(difference == 4096)
        case "nrf52840-larger-b": #expect(difference == -4096)
        default: #expect(difference == 0)
        }
      }
    }
    #expect(Geometries.k64FTwoImages.layout.images.count == 2)
  }

  @Test("Parts that cannot be one device are refused")
  func wrongParts() throws {
    var part = Geometries.nrf52840External
    #expect(throws: LayoutError.outOfBounds) {
      try part.range(of: FlashPart.Area(0..<4096, on: 2))
    }
    #expect(throws: LayoutError.outOfBounds) {
      try part.range(of: FlashPart.Area(0..<(512 << 10) + 1, on: 1))
    }
    #expect(try part.range(of: FlashPart.Area(0..<65536, on: 1)) == 0x8_0000..<0x9_0000)
    #expect(try part.combinedGeometry().writeSize == 4)
    #expect(try !part.combinedGeometry().isMultiwrite)
    part.devices[1] = try FlashGeometry(eraseBlockSize: 65536, blockCount: 8, writeSize: 4, erasedByte: 0x00)
    #expect(throws: LayoutError.invalidGeometry) { try part.combinedGeometry() }
    part.devices[1] = try FlashGeometry(eraseBlockSize: 65536, blockCount: 65535, writeSize: 4)
    #expect(throws: LayoutError.invalidGeometry) { try part.deviceLayout() }
    part.devices = []
    #expect(throws: LayoutError.invalidGeometry) { try part.combinedGeometry() }
  }
}
