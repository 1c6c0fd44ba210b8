import OTAFlashSimulator
import OTAPartition
import OTATesting
import Testing

@Suite("Joined devices and parts of devices")
struct JoinedFlashTests {
  typealias Pair = JoinedFlash<SharedFlash, SharedFlash>

  /// Devices that go with each other: equal, with other blocks, with other units, of cells that are written again.
  static func devices() throws(LayoutError) -> [FlashGeometry] {
    let mixed = [
      FlashGeometry.Region(eraseBlockSize: 256, blockCount: 2),
      FlashGeometry.Region(eraseBlockSize: 768, blockCount: 3),
    ]
    return [
      try FlashGeometry(eraseBlockSize: 1024, blockCount: 4, writeSize: 4),
      try FlashGeometry(eraseBlockSize: 1024, blockCount: 4, writeSize: 4),
      try FlashGeometry(eraseBlockSize: 4096, blockCount: 2, writeSize: 4, isMultiwrite: true),
      try FlashGeometry(eraseBlockSize: 512, blockCount: 3, writeSize: 1, isMultiwrite: true),
      try FlashGeometry(eraseBlockSize: 2048, blockCount: 1, writeSize: 32, readSize: 8),
      try FlashGeometry(regions: mixed.span, writeSize: 16, readSize: 16),
    ]
  }

  static func pair(_ first: FlashGeometry, _ second: FlashGeometry) throws(LayoutError) -> Pair {
    try JoinedFlash(SharedFlash(SimulatedFlash(first)), SharedFlash(SimulatedFlash(second)))
  }

  /// Two devices of two blocks of 1 KiB, units of 4.
  static func small() throws(LayoutError) -> Pair {
    let geometry = try FlashGeometry(eraseBlockSize: 1024, blockCount: 2, writeSize: 4)
    return try pair(geometry, geometry)
  }

  @Test("Every pair keeps the contract, and three devices do")
  func conformance() throws {
    let devices = try Self.devices()
    for first in devices {
      for second in devices {
        let flash = try Self.pair(first, second)
        #expect(checkFlashConformance { flash } == [], "\(first), \(second)")
        #expect(flash.geometry.capacity == first.capacity + second.capacity)
        #expect(flash.border == first.capacity)
      }
    }
    for index in devices.indices {
      let third = devices[(index + 2) % devices.count]
      let flash = try JoinedFlash(
        Self.pair(devices[index], devices[(index + 1) % devices.count]), SharedFlash(SimulatedFlash(third)))
      #expect(checkFlashConformance { flash } == [])
      let other = try JoinedFlash(
        SharedFlash(SimulatedFlash(third)), Self.pair(devices[index], devices[(index + 1) % devices.count]))
      #expect(checkFlashConformance { other } == [])
    }
  }

  @Test("The geometry has the blocks of both and the stricter rules")
  func geometry() throws {
    let devices = try Self.devices()
    let flash = try Self.pair(devices[3], devices[5])
    #expect(flash.geometry.regionCount == 3)
    #expect(flash.geometry.region(0) == FlashGeometry.Region(eraseBlockSize: 512, blockCount: 3))
    #expect(flash.geometry.region(2) == FlashGeometry.Region(eraseBlockSize: 768, blockCount: 3))
    #expect(flash.geometry.writeSize == 16 && flash.geometry.readSize == 16)
    #expect(!flash.geometry.isMultiwrite)
    #expect(try Self.pair(devices[2], devices[3]).geometry.isMultiwrite)
    // The parts of two devices say the same.
    var count = 0
    for part in Geometries.parts where part.devices.count == 2 {
      #expect(
        try FlashGeometry(joining: part.devices[0], part.devices[1]) == part.combinedGeometry(), "\(part)")
      count += 1
    }
    #expect(count >= 2)
  }

  @Test("Devices that do not go together are refused")
  func refusedPairs() throws {
    let ones = try FlashGeometry(eraseBlockSize: 1024, blockCount: 4, writeSize: 4)
    let zeros = try FlashGeometry(eraseBlockSize: 1024, blockCount: 4, writeSize: 4, erasedByte: 0)
    let odd = try FlashGeometry(eraseBlockSize: 100, blockCount: 4, writeSize: 4)
    let wide = try FlashGeometry(eraseBlockSize: 1024, blockCount: 4, writeSize: 32)
    let huge = try FlashGeometry(eraseBlockSize: 1 << 20, blockCount: 4095, writeSize: 4)
    let large = try FlashGeometry(eraseBlockSize: 1 << 20, blockCount: 1, writeSize: 4)
    let regions = (1...9).map { FlashGeometry.Region(eraseBlockSize: 512 * $0, blockCount: 1) }
    let many = try FlashGeometry(regions: regions.span, writeSize: 4)
    let fewer = Array(regions.dropLast())
    let most = try FlashGeometry(regions: fewer.span, writeSize: 4)
    for (first, second) in [
      (ones, zeros), (zeros, ones), (odd, wide), (wide, odd), (huge, large), (many, most),
    ] {
      #expect(throws: LayoutError.invalidGeometry) { try FlashGeometry(joining: first, second) }
    }
    #expect(throws: LayoutError.invalidGeometry) { try Self.pair(ones, zeros) }
    #expect(try FlashGeometry(joining: most, most).regionCount == 16)
  }

  @Test("Operations across the border are divided, and only those")
  func division() throws {
    var flash = try Self.small()
    for device in [flash.first, flash.second] { device.withFlash { $0.log = [] } }
    try flash.erase(1024..<3072)
    let bytes = (0..<64).map { UInt8($0) }
    try flash.write(bytes.span, at: 2048 - 24)
    try flash.write(bytes.span, at: 2048 + 512)
    try flash.write(bytes.span, at: 1024)
    #expect(
      flash.first.snapshot.log == [
        .init(kind: .erase, range: 1024..<2048), .init(kind: .write, range: 2024..<2048),
        .init(kind: .write, range: 1024..<1088),
      ])
    #expect(
      flash.second.snapshot.log == [
        .init(kind: .erase, range: 0..<1024), .init(kind: .write, range: 0..<40),
        .init(kind: .write, range: 512..<576),
      ])
    var read = [UInt8](repeating: 0xaa, count: 64)
    var span = read.mutableSpan
    try flash.read(into: &span, at: 2048 - 24)
    #expect(read == bytes)
    // Up to the border and from it on, the other device is left alone.
    flash.second.withFlash { $0.cutPower() }
    try flash.erase(0..<2048)
    try flash.write(bytes.span, at: 2048 - 64)
    #expect(throws: FlashError.powerLost) { try flash.write(bytes.span, at: 2048) }
  }

  @Test("A write across the border that is refused has written nothing")
  func refusedAcross() throws {
    for used in [false, true] {
      var flash = try Self.small()
      let bytes = [UInt8](repeating: 0x5a, count: 8)
      try flash.write(bytes.span.extracting(0..<4), at: used ? 2048 : 2044)
      let before = [flash.first.snapshot.contents, flash.second.snapshot.contents]
      #expect(throws: FlashError.notErased) { try flash.write(bytes.span, at: 2044) }
      #expect([flash.first.snapshot.contents, flash.second.snapshot.contents] == before)
    }
    // A unit that reads as erased and is not: the first device has its part, so that it is no refusal any more.
    var flash = try Self.small()
    let erased = [UInt8](repeating: 0xff, count: 4)
    let bytes = [UInt8](repeating: 0x5a, count: 8)
    try flash.write(erased.span, at: 2048)
    #expect(throws: FlashError.deviceFailure) { try flash.write(bytes.span, at: 2044) }
  }

  @Test("Cells that are written again are so across the border too")
  func multiwrite() throws {
    let geometry = try FlashGeometry(eraseBlockSize: 1024, blockCount: 2, writeSize: 1, isMultiwrite: true)
    var flash = try Self.pair(geometry, geometry)
    let one = [UInt8](repeating: 0xf3, count: 4)
    let other = [UInt8](repeating: 0x5f, count: 4)
    try flash.write(one.span, at: 2046)
    try flash.write(other.span, at: 2046)
    #expect(flash.first.snapshot.contents.suffix(2) == [0x53, 0x53])
    #expect(flash.second.snapshot.contents.prefix(2) == [0x53, 0x53])
  }

  @Test("The first device has done its part before the second one begins")
  func order() throws {
    let bytes = [UInt8](repeating: 0x5a, count: 8)
    for erases in [false, true] {
      var flash = try Self.small()
      if erases { for offset: UInt32 in [2040, 2048] { try flash.write(bytes.span, at: offset) } }
      let before = flash.second.snapshot.contents
      flash.first.withFlash { $0.cutPower(atOperation: 0, outcome: .notDone) }
      #expect(throws: FlashError.powerLost) {
        if erases { try flash.erase(1024..<3072) } else { try flash.write(bytes.span, at: 2044) }
      }
      #expect(flash.second.snapshot.contents == before)
      #expect(flash.second.snapshot.counters.modifications == (erases ? 1 : 0))
    }
  }

  @Test("A part of a device keeps the contract, and changes nothing else")
  func region() throws {
    let mixed = try TestBoard.mixed().geometry
    for range: Range<UInt32> in [0..<512, 512..<4096, 3584..<6144, 2048..<21504, 18432..<24576, 0..<24576] {
      let device = SharedFlash(SimulatedFlash(mixed))
      device.withFlash { $0.setContents([UInt8](repeating: 0x77, count: Int(mixed.capacity))) }
      let flash = try FlashRegion(device, range: range)
      #expect(checkFlashConformance { flash } == [], "\(range)")
      #expect(flash.geometry.capacity == UInt32(range.count))
      let after = device.snapshot.contents
      #expect(after[..<Int(range.lowerBound)].allSatisfy { $0 == 0x77 })
      #expect(after[Int(range.upperBound)...].allSatisfy { $0 == 0x77 })
      #expect(flash.closed() === device)
    }
    let part = try FlashRegion(SimulatedFlash(mixed), range: 3584..<21504).geometry
    #expect(part.regionCount == 3 && part.writeSize == 8 && part.readSize == 4 && part.erasedByte == 0)
    #expect(part.region(0) == FlashGeometry.Region(eraseBlockSize: 512, blockCount: 1))
    #expect(part.region(2) == FlashGeometry.Region(eraseBlockSize: 1024, blockCount: 1))
  }

  @Test(
    "Ranges that cannot be a part are refused",
    arguments: [
      (512..<512, LayoutError.tooSmall), (0..<24577, .outOfBounds), (30000..<40000, .outOfBounds),
      (1..<512, .notAligned), (0..<513, .notAligned), (4096..<5120, .notAligned),
      (UInt32.max - 1..<UInt32.max, .outOfBounds),
    ] as [(Range<UInt32>, LayoutError)])
  func refusedRegion(_ range: Range<UInt32>, _ error: LayoutError) throws {
    let flash = SharedFlash(SimulatedFlash(try TestBoard.mixed().geometry))
    #expect(throws: error) { try FlashRegion(flash, range: range) }
  }

  @Test("Parts joined in another order are the device in that order")
  func reordered() throws {
    let device = SharedFlash(SimulatedFlash(try TestBoard.uniform().geometry))
    var flash = try JoinedFlash(
      FlashRegion(device, range: 8192..<24576), FlashRegion(device, range: 0..<8192))
    #expect(checkFlashConformance { flash } == [])
    try flash.erase(0..<24576)
    let bytes: [UInt8] = [1, 2, 3, 4]
    try flash.write(bytes.span, at: 16384)
    #expect(device.snapshot.contents(of: 0..<4) == bytes)
  }
}
