import OTAFlashSimulator
import OTAPartition
import Testing

/// A journal of the same design as the real one, in few lines, from which single rules can be left out.
///
/// It exists to show that each rule is needed: with none left out the checker finds nothing, with any of them it does.
struct ToyJournal: ValueStore {
  /// A rule that is left out.
  enum Flaw: String, CaseIterable, CustomTestStringConvertible, Sendable {
    /// Believes a record without looking at its checksum.
    case ignoresChecksum
    /// Has one area, and erases it when it is full.
    case hasOneArea
    /// Goes on writing behind the newest record of the last session, where the flash reads as erased.
    case trustsWhatReadsErased
    /// Believes a record that was not sealed, and does not commit it again.
    case hasNoSeal
    /// Leaves the remains of a torn record alone.
    case ignoresRemains

    var testDescription: String { rawValue }
  }

  private static let magic: UInt32 = 0x4c4e_524a
  private static let seal: UInt32 = 0x4c41_4553
  private static let stride: UInt32 = 24

  private var device: SharedFlash
  private let areas: [Range<UInt32>]
  private let flaw: Flaw?
  private var area = 0
  private var next = 0
  private var isFresh = false
  private var sequence: UInt32 = 0
  private(set) var value: UInt32 = 0

  /// An erased device with the value 0.
  static func formatted(_ geometry: FlashGeometry, areas: [Range<UInt32>]) throws -> SimulatedFlash {
    let device = SharedFlash(SimulatedFlash(geometry))
    var journal = ToyJournal(device: device, areas: areas, flaw: nil)
    journal.isFresh = true
    try journal.append(0)
    return device.snapshot
  }

  private init(device: SharedFlash, areas: [Range<UInt32>], flaw: Flaw?) {
    self.device = device
    self.areas = areas
    self.flaw = flaw
  }

  init(opening device: SharedFlash, areas: [Range<UInt32>], flaw: Flaw?) throws(StorageError) {
    self.init(device: device, areas: flaw == .hasOneArea ? [areas[0], areas[0]] : areas, flaw: flaw)
    var isFound = false
    var isSealed = false
    var sealed: (sequence: UInt32, value: UInt32, area: Int)?
    for area in 0..<2 {
      for index in 0..<count {
        let words = try read(area: area, index: index)
        guard words[1] == ToyJournal.magic else { continue }
        guard flaw == .ignoresChecksum || words[4] == checksum(words) else { continue }
        if words[5] == ToyJournal.seal, sealed.map({ words[2] > $0.sequence }) ?? true {
          sealed = (words[2], words[3], area)
        }
        guard !isFound || words[2] > sequence else { continue }
        isFound = true
        isSealed = words[5] == ToyJournal.seal
        self.area = area
        next = index + 1
        sequence = words[2]
        value = words[3]
      }
    }
    guard isFound else { throw .journalEmpty }
    if !isSealed, flaw != .hasNoSeal {
      if sealed?.area == area {
        try switchArea()
        try append(value)
      } else if try !appendBehind() {
        if let sealed { (value, area) = (sealed.value, sealed.area) }
        try switchArea()
        try append(value)
      }
    }
    if flaw != .ignoresRemains, flaw != .hasOneArea, try hasRemains() {
      try switchArea()
      try append(value)
    }
  }

  private mutating func appendBehind() throws(StorageError) -> Bool {
    while next < count {
      if try isErased(next) {
        do throws(StorageError) {
          try write([ToyJournal.seal], at: start(of: next))
          try append(value)
          return true
        } catch {
          guard error != .flash(.powerLost) else { throw error }
        }
      }
      next += 1
    }
    return false
  }

  private func start(of index: Int) -> UInt32 { areas[area].lowerBound + UInt32(index) * ToyJournal.stride }

  private func hasRemains() throws(StorageError) -> Bool {
    if next < count, try !isErased(next) { return true }
    let words = try read(area: 1 - area, index: 0)
    if words.allSatisfy({ $0 == 0xffff_ffff }) { return false }
    return words[1] != ToyJournal.magic || words[4] != checksum(words) || words[2] > sequence
  }

  private func isErased(_ index: Int) throws(StorageError) -> Bool {
    try read(area: area, index: index).allSatisfy { $0 == 0xffff_ffff }
  }

  mutating func commit(_ value: UInt32) throws(StorageError) {
    let mayStay = isFresh || flaw == .trustsWhatReadsErased || flaw == .hasOneArea
    if !mayStay || next >= count {
      try switchArea()
    } else if flaw == .trustsWhatReadsErased, !isFresh {
      while next < count, try !isErased(next) { next += 1 }
      if next >= count { try switchArea() }
    }
    try append(value)
    self.value = value
  }

  /// Writes the value once more, to the area that does not hold the newest record.
  mutating func mirror() throws(StorageError) {
    try switchArea()
    try append(value)
  }

  /// Writes a value to both areas, after it has erased both.
  mutating func rewrite(_ value: UInt32) throws(StorageError) {
    try switchArea()
    try switchArea()
    try append(value)
    self.value = value
    area = 1 - area
    next = 0
    try append(value)
  }

  private var count: Int { Int((areas[0].upperBound - areas[0].lowerBound) / ToyJournal.stride) }

  private func checksum(_ words: [UInt32]) -> UInt32 {
    var crc = CRC32()
    for word in words[1..<4] {
      for byte in 0..<4 { crc.update(byte: UInt8(truncatingIfNeeded: word >> UInt32(8 * byte))) }
    }
    return crc.checksum
  }

  private mutating func switchArea() throws(StorageError) {
    sequence &+= UInt32(2 * count)
    area = 1 - area
    do throws(FlashError) { try device.erase(areas[area]) } catch { throw .flash(error) }
    next = 0
    isFresh = true
  }

  private mutating func append(_ value: UInt32) throws(StorageError) {
    sequence &+= 1
    let words = [0, ToyJournal.magic, sequence, value]
    let start = start(of: next)
    next += 1
    try write(words[1...] + [checksum(words)], at: start + 4)
    if flaw != .hasNoSeal { try write([ToyJournal.seal], at: start + 20) }
  }

  private func write(_ words: [UInt32], at offset: UInt32) throws(StorageError) {
    let bytes = words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(8 * $0)) } }
    do throws(FlashError) { try device.write(bytes.span, at: offset) } catch { throw .flash(error) }
  }

  private func read(area: Int, index: Int) throws(StorageError) -> [UInt32] {
    var bytes = [UInt8](repeating: 0, count: Int(ToyJournal.stride))
    var span = bytes.mutableSpan
    do throws(FlashError) {
      try device.read(into: &span, at: areas[area].lowerBound + UInt32(index) * ToyJournal.stride)
    } catch {
      throw .flash(error)
    }
    var words = [UInt32](repeating: 0, count: bytes.count / 4)
    for (index, byte) in bytes.enumerated() { words[index / 4] |= UInt32(byte) << UInt32(8 * (index % 4)) }
    return words
  }
}
