import OTAFlashSimulator
import OTAPartition
import Testing

@Suite("Bad blocks, wear and bit rot")
struct FlashFaultTests {
  /// Four blocks of 512 bytes, all 0x3c but for the three last, which are erased.
  private static func flash(_ geometry: FlashGeometry) -> SimulatedFlash {
    var flash = SimulatedFlash(geometry)
    let erased = [UInt8](repeating: geometry.erasedByte, count: 1536)
    flash.setContents([UInt8](repeating: 0x3c, count: 512) + erased)
    flash.log = []
    return flash
  }

  private static let bytes = [UInt8](repeating: 0xa5, count: 1536)

  private static func isErased(_ flash: SimulatedFlash, _ range: Range<UInt32>) -> Bool {
    flash.contents(of: range).allSatisfy { $0 == flash.geometry.erasedByte }
  }

  @Test("A program error fails in its block, and leaves what is behind", arguments: try FlashRules.all())
  func programError(_ geometry: FlashGeometry) throws {
    var flash = Self.flash(geometry)
    flash.setFaults(.programError, in: 1030..<1031)
    #expect(flash.faults(at: 1024) == .programError && flash.faults(at: 1023) == [])
    #expect(throws: FlashError.deviceFailure) { try flash.write(Self.bytes.span, at: 512) }
    #expect(flash.contents(of: 512..<1024) == Array(Self.bytes[..<512]))
    #expect(Self.isErased(flash, 1024 + geometry.writeSize..<2048))
    // Only bits that were to be programmed have changed.
    #expect(
      flash.contents(of: 1024..<1024 + geometry.writeSize).allSatisfy {
        ($0 ^ geometry.erasedByte) & ~(0xa5 ^ geometry.erasedByte) == 0
      })
    #expect(flash.counters.writes == 1)
    #expect(flash.log == [operation(.write, 512..<2048, .failed)])
    if !geometry.isMultiwrite {
      flash.setFaults([], in: 1030..<1031)
      #expect(throws: FlashError.notErased) {
        try flash.write(Self.bytes.span.extracting(0..<Int(geometry.writeSize)), at: 1024)
      }
    }
  }

  @Test("An erase error fails in its block, and leaves what is behind", arguments: try FlashRules.all())
  func eraseError(_ geometry: FlashGeometry) throws {
    var flash = Self.flash(geometry)
    try flash.write(Self.bytes.span, at: 512)
    flash.setFaults(.eraseError, in: 1024..<1025)
    #expect(throws: FlashError.deviceFailure) { try flash.erase(512..<2048) }
    #expect(Self.isErased(flash, 512..<1024))
    #expect(flash.contents(of: 1536..<2048) == Array(Self.bytes[..<512]))
    let left = flash.contents(of: 1024..<1536)
    #expect(left.contains(0xa5) && left.contains(geometry.erasedByte))
    #expect(flash.wear == [0, 1, 1, 0] && flash.counters.erases == 1)
    #expect(flash.log?.last == operation(.erase, 512..<2048, .failed))
    if !geometry.isMultiwrite {
      let unit = Self.bytes.span.extracting(0..<Int(geometry.writeSize))
      for offset in stride(from: UInt32(1024), to: 1536, by: Int(geometry.writeSize)) {
        #expect(throws: FlashError.notErased) { try flash.write(unit, at: offset) }
      }
    }
    flash.setFaults([], in: 0..<2048)
    try flash.erase(1024..<1536)
    #expect(Self.isErased(flash, 1024..<1536))
  }

  @Test("A read error gives nothing, for any byte of the block", arguments: try FlashRules.all())
  func readError(_ geometry: FlashGeometry) throws {
    var flash = Self.flash(geometry)
    flash.setFaults(.readError, in: 600..<601)
    var bytes = [UInt8](repeating: 0x77, count: 1024)
    var span = bytes.mutableSpan
    #expect(throws: FlashError.deviceFailure) { try flash.read(into: &span, at: 0) }
    #expect(throws: FlashError.deviceFailure) { try flash.read(into: &span, at: 992) }
    #expect(flash.counters.reads == 2)
    try flash.read(into: &span, at: 1024)
    #expect(bytes.allSatisfy { $0 == geometry.erasedByte })
    // It can be written, which shows when it reads again.
    try flash.write(Self.bytes.span, at: 512)
    #expect(flash.contents(of: 512..<2048) == Self.bytes)
  }

  @Test("An ignored program is silent, and takes no part of the rest", arguments: try FlashRules.all())
  func programIgnored(_ geometry: FlashGeometry) throws {
    var flash = Self.flash(geometry)
    flash.setFaults(.programIgnored, in: 1024..<1025)
    try flash.write(Self.bytes.span, at: 512)
    #expect(flash.contents(of: 512..<1024) == Array(Self.bytes[..<512]))
    #expect(Self.isErased(flash, 1024..<1536))
    #expect(flash.contents(of: 1536..<2048) == Array(Self.bytes[..<512]))
    #expect(flash.log == [operation(.write, 512..<2048, .ignored)])
    flash.setFaults([], in: 1024..<1025)
    try flash.write(Self.bytes.span.extracting(0..<512), at: 1024)
    #expect(flash.contents(of: 512..<2048) == Self.bytes)
  }

  @Test("An ignored erase is silent, and takes no part of the rest", arguments: try FlashRules.all())
  func eraseIgnored(_ geometry: FlashGeometry) throws {
    var flash = Self.flash(geometry)
    try flash.write(Self.bytes.span, at: 512)
    flash.setFaults(.eraseIgnored, in: 1024..<1025)
    try flash.erase(512..<2048)
    #expect(Self.isErased(flash, 512..<1024) && Self.isErased(flash, 1536..<2048))
    #expect(flash.contents(of: 1024..<1536) == Array(Self.bytes[..<512]))
    #expect(flash.wear == [0, 1, 1, 1])
    #expect(flash.log?.last == operation(.erase, 512..<2048, .ignored))
    if !geometry.isMultiwrite {
      #expect(throws: FlashError.notErased) { try flash.write(Self.bytes.span, at: 512) }
    }
  }

  private static let outcomes: [TornOutcome] = [
    .notDone, .done, .prefix(units: 1000), .randomBits(seed: 1), .partial(after: 1000, seed: 1),
    .unstable(after: 1000), .marginal(after: 1000, seed: 1), .faint(after: 1000, seed: 1), .unseen,
  ]

  @Test("The power may go in an operation on a bad block, in every way", arguments: outcomes)
  func cut(_ outcome: TornOutcome) throws {
    for geometry in try FlashRules.all() {
      for fault in BlockFaults.each {
        var flash = Self.flash(geometry)
        flash.setFaults(fault, in: 1024..<1025)
        flash.cutPower(atOperation: 0, outcome: outcome)
        #expect(throws: FlashError.powerLost) { try flash.write(Self.bytes.span, at: 512) }
        #expect(flash.log == [operation(.write, 512..<2048, .interrupted)])
        if fault == .programIgnored { #expect(Self.isErased(flash, 1024..<1536)) }
        if fault == .programError { #expect(Self.isErased(flash, 1536..<2048)) }
        flash.restorePower()
        flash.setContents([UInt8](repeating: 0x3c, count: 2048))
        flash.cutPower(atOperation: 0, outcome: outcome)
        #expect(throws: FlashError.powerLost) { try flash.erase(512..<2048) }
        let old = [UInt8](repeating: 0x3c, count: 512)
        if fault == .eraseIgnored { #expect(flash.contents(of: 1024..<1536) == old) }
        if fault == .eraseError { #expect(flash.contents(of: 1536..<2048) == old) }
        #expect(flash.contents(of: 0..<512) == old)
      }
    }
  }

  @Test("A block may be bad in several ways, and a copy has its own bad blocks")
  func several() throws {
    let geometry = try #require(try FlashRules.all().first)
    var flash = Self.flash(geometry)
    let copy = flash
    flash.setFaults([.readError, .eraseIgnored], in: 0..<600)
    flash.setFaults(.programError, in: 1536..<1537)
    #expect(
      flash.faults(at: 0) == [.readError, .eraseIgnored] && flash.faults(at: 1023) == flash.faults(at: 0))
    #expect(flash.faults(at: 1024) == [] && flash.faults(at: 2047) == .programError)
    #expect(copy.faults(at: 0) == [])
    flash.setFaults(.eraseError, in: 700..<700)
    #expect(flash.faults(at: 700) == [.readError, .eraseIgnored])
  }

  @Test("A block is worn out after so many erases, and bad then as was said", arguments: BlockFaults.each)
  func endurance(_ fault: BlockFaults) throws {
    let geometry = try #require(try FlashRules.all().first)
    var flash = Self.flash(geometry)
    flash.endurance = Endurance(erases: 3, faults: fault)
    for _ in 0..<3 {
      #expect(flash.faults(at: 512) == [])
      try flash.write(Self.bytes.span.extracting(0..<512), at: 512)
      try flash.erase(512..<1024)
      #expect(Self.isErased(flash, 512..<1024))
    }
    #expect(flash.faults(at: 512) == fault && flash.faults(at: 1024) == [] && flash.wear == [0, 3, 0, 0])
    var bytes = [UInt8](repeating: 0, count: 512)
    var span = bytes.mutableSpan
    switch fault {
    case .programError:
      #expect(throws: FlashError.deviceFailure) {
        try flash.write(Self.bytes.span.extracting(0..<4), at: 512)
      }
    case .readError:
      #expect(throws: FlashError.deviceFailure) { try flash.read(into: &span, at: 512) }
    default:
      try flash.write(Self.bytes.span.extracting(0..<512), at: 512)
    }
    switch fault {
    case .eraseError:
      #expect(throws: FlashError.deviceFailure) { try flash.erase(512..<1024) }
    case .programIgnored:
      #expect(Self.isErased(flash, 512..<1024))
    case .eraseIgnored:
      try flash.erase(512..<1024)
      #expect(flash.contents(of: 512..<1024) == Array(Self.bytes[..<512]))
    default:
      try flash.erase(512..<1024)
    }
    // The others work, until they are as old.
    try flash.erase(1024..<2048)
    flash.age(1024..<1025, by: 2)
    #expect(flash.faults(at: 1024) == fault && flash.faults(at: 1536) == [])
    flash.resetCounters()
    #expect(flash.faults(at: 512) == [] && flash.wear == [0, 0, 0, 0])
  }

  @Test(
    "Bit rot inverts so many bits, in its range alone, and the same ones again", arguments: [0, 1, 7, 64])
  func rot(_ count: Int) throws {
    let geometry = try #require(try FlashRules.all().first)
    let fresh = Self.flash(geometry)
    for seed in UInt64(0)..<8 {
      var flash = fresh
      let changed = flash.rot(bits: count, in: 500..<530, seed: seed)
      let differences = zip(flash.contents, fresh.contents).map { $0 ^ $1 }
      #expect(differences.reduce(0) { $0 + $1.nonzeroBitCount } == count)
      #expect(changed == differences.indices.filter { differences[$0] != 0 }.map { UInt32($0) })
      #expect(changed.allSatisfy { (500..<530).contains($0) })
      #expect(flash.counters == fresh.counters && flash.log == [])
      flash.rot(bits: count, in: 500..<530, seed: seed)
      #expect(flash.contents == fresh.contents)
    }
  }

  @Test("Bit rot can take every bit, and another seed takes others")
  func rotOfAll() throws {
    let geometry = try #require(try FlashRules.all().first)
    var flash = Self.flash(geometry)
    #expect(flash.rot(bits: 32, in: 2..<6, seed: 9) == [2, 3, 4, 5])
    #expect(flash.contents(of: 1..<7) == [0x3c, 0xc3, 0xc3, 0xc3, 0xc3, 0x3c])
    let choices = Set((UInt64(0)..<32).map { flash.rot(bits: 3, in: 0..<2048, seed: $0) })
    #expect(choices.count == 32)
  }

  @Test("What falls at rest in erased cells stays in what is written over it")
  func rotOfErased() throws {
    let geometry = try #require(try FlashRules.all().first)
    var flash = Self.flash(geometry)
    flash.rot(bits: 8, in: 512..<513, seed: 1)
    try flash.write(Self.bytes.span.extracting(0..<2), at: 512)
    #expect(flash.contents(of: 512..<514) == [0, 0xa5])
  }

  private func operation(
    _ kind: SimulatedFlash.Operation.Kind, _ range: Range<UInt32>, _ result: SimulatedFlash.Operation.Result
  ) -> SimulatedFlash.Operation {
    SimulatedFlash.Operation(kind: kind, range: range, result: result)
  }
}
