import OTAFlashSimulator
import OTAPartition
import Testing

/// Every unit of writing, both erased values, cells that are written once or again.
@Suite("The rules of simulated flash", .serialized)
struct FlashRulesTests {
  private static func write(_ bytes: [UInt8], to flash: inout SimulatedFlash, at offset: UInt32)
    throws(FlashError)
  {
    try flash.write(bytes.span, at: offset)
  }

  private static func unit(_ byte: UInt8, _ geometry: FlashGeometry) -> [UInt8] {
    [UInt8](repeating: byte, count: Int(geometry.writeSize))
  }

  @Test("A second write is refused, combines, or is undefined", arguments: try FlashRules.all())
  func rewriting(_ geometry: FlashGeometry) throws {
    var flash = SimulatedFlash(geometry)
    let unit = geometry.writeSize
    #expect(flash.contents.allSatisfy { $0 == geometry.erasedByte })
    try Self.write(Self.unit(0x3c, geometry), to: &flash, at: 512 + unit)
    let combined = Self.unit(geometry.erasedByte == 0xff ? 0x3c & 0x99 : 0x3c | 0x99, geometry)
    let again = Self.unit(0x99, geometry)
    if geometry.isMultiwrite {
      try Self.write(again, to: &flash, at: 512 + unit)
      #expect(flash.contents(of: 512 + unit..<512 + 2 * unit) == combined)
      flash.restorePower(seed: 1)
      #expect(flash.contents(of: 512 + unit..<512 + 2 * unit) == combined)
    } else {
      #expect(throws: FlashError.notErased) { try Self.write(again, to: &flash, at: 512 + unit) }
      // One used unit among fresh ones is enough, and nothing is written then.
      #expect(throws: FlashError.notErased) { try Self.write(again + again, to: &flash, at: 512) }
      #expect(flash.contents(of: 512..<512 + unit) == Self.unit(geometry.erasedByte, geometry))
      flash.writeToUsed = .isUndefined
      try Self.write(again, to: &flash, at: 512 + unit)
      #expect(flash.contents(of: 512 + unit..<512 + 2 * unit) == combined)
      let readings = (UInt64(0)..<16).map { seed in
        var later = flash
        later.restorePower(seed: seed)
        return later.contents(of: 512 + unit..<512 + 2 * unit)
      }
      #expect(Set(readings).count > 1 && readings.contains(combined))
    }
    // Its neighbours are as they were, and an erase makes it new.
    #expect(flash.contents(of: 512 + 2 * unit..<512 + 3 * unit) == Self.unit(geometry.erasedByte, geometry))
    try flash.erase(512..<1024)
    flash.writeToUsed = .isRefused
    try Self.write(again, to: &flash, at: 512 + unit)
    #expect(flash.contents(of: 512 + unit..<512 + 2 * unit) == again)
  }

  @Test("A write of less than a unit, or beside one, is refused", arguments: try FlashRules.all())
  func alignment(_ geometry: FlashGeometry) throws {
    var flash = SimulatedFlash(geometry)
    let unit = geometry.writeSize
    if unit > 1 {
      #expect(throws: FlashError.notAligned) {
        try Self.write(Array(Self.unit(1, geometry).dropLast()), to: &flash, at: 0)
      }
      #expect(throws: FlashError.notAligned) {
        try Self.write(Self.unit(1, geometry), to: &flash, at: unit / 2)
      }
    }
    #expect(throws: FlashError.outOfBounds) {
      try Self.write(Self.unit(1, geometry), to: &flash, at: geometry.capacity)
    }
    try Self.write(Self.unit(1, geometry), to: &flash, at: geometry.capacity - unit)
    #expect(flash.counters.writes == 1)
  }

  @Test("A torn write leaves what its outcome says, in units", arguments: try FlashRules.all())
  func tornWrite(_ geometry: FlashGeometry) throws {
    let size = Int(geometry.writeSize)
    let bytes = [UInt8](repeating: 0x3c, count: 8 * size)
    let blank = [UInt8](repeating: geometry.erasedByte, count: 8 * size)
    func torn(_ outcome: TornOutcome, seed: UInt64 = 0) throws -> [UInt8] {
      var flash = SimulatedFlash(geometry)
      flash.cutPower(atOperation: 0, outcome: outcome)
      #expect(throws: FlashError.powerLost) { try Self.write(bytes, to: &flash, at: 512) }
      flash.restorePower(seed: seed)
      #expect(flash.contents(of: 0..<512).allSatisfy { $0 == geometry.erasedByte })
      #expect(flash.contents(of: 512 + UInt32(8 * size)..<2048).allSatisfy { $0 == geometry.erasedByte })
      var read = [UInt8](repeating: 0, count: 8 * size)
      var span = read.mutableSpan
      try flash.read(into: &span, at: 512)
      return read
    }
    #expect(try torn(.notDone) == blank && torn(.unseen) == blank && torn(.done) == bytes)
    for count in 0...8 {
      #expect(try torn(.prefix(units: count)) == Array(bytes[..<(count * size)] + blank[(count * size)...]))
    }
    for seed in UInt64(0)..<4 {
      let partial = try torn(.partial(after: 3, seed: seed))
      #expect(
        partial[..<(3 * size)] == bytes[..<(3 * size)] && partial[(4 * size)...] == blank[(4 * size)...])
      let random = try torn(.randomBits(seed: seed))
      #expect(zip(random, bytes).allSatisfy { ($0 ^ geometry.erasedByte) & ~($1 ^ geometry.erasedByte) == 0 })
    }
    #expect(Set(try (0..<24).map { try torn(.randomBits(seed: $0)) }).count > 4)
    #expect(Set(try (0..<24).map { try torn(.unstable(after: 3), seed: $0) }).count > 4)
    #expect(Set(try (0..<24).map { try torn(.marginal(after: 3, seed: 7), seed: $0) }).count == 2)
    #expect(Set(try (0..<24).map { try torn(.faint(after: 3, seed: 7), seed: $0) }).count == 2)
  }

  @Test("A torn erase leaves its block unwritable until it is erased", arguments: try FlashRules.all())
  func tornErase(_ geometry: FlashGeometry) throws {
    let last = 512 / Int(geometry.writeSize) - 1
    let outcomes: [TornOutcome] = [
      .prefix(units: last), .randomBits(seed: 1), .partial(after: 0, seed: 1), .unstable(after: 0),
      .marginal(after: 0, seed: 1), .faint(after: 0, seed: 1), .unseen,
    ]
    for outcome in outcomes {
      var flash = SimulatedFlash(geometry)
      flash.setContents([UInt8](repeating: 0x3c, count: 2048))
      flash.cutPower(atOperation: 0, outcome: outcome)
      #expect(throws: FlashError.powerLost) { try flash.erase(512..<1024) }
      flash.restorePower()
      #expect(flash.contents(of: 0..<512).allSatisfy { $0 == 0x3c }, "\(outcome)")
      #expect(flash.contents(of: 1024..<2048).allSatisfy { $0 == 0x3c }, "\(outcome)")
      if !geometry.isMultiwrite {
        #expect(throws: FlashError.notErased, "\(outcome)") {
          try Self.write(Self.unit(0, geometry), to: &flash, at: 512)
        }
      }
      try flash.erase(512..<1024)
      #expect(flash.contents(of: 512..<1024).allSatisfy { $0 == geometry.erasedByte })
      try Self.write(Self.unit(0x81, geometry), to: &flash, at: 512)
      #expect(flash.contents(of: 512..<512 + geometry.writeSize) == Self.unit(0x81, geometry))
    }
  }
}
