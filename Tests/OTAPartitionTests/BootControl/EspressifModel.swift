import OTACore
import OTAFlashSimulator
import OTAPartition

/// The boot loader of ESP-IDF with rollback, for two slots and no factory image, as its documents have it: an
/// implementation of its own, on bytes.
struct EspressifModel: Sendable {
  /// Where the two entries are.
  var blocks: [Range<UInt32>]

  init(_ geometry: FlashGeometry, partition: Range<UInt32>) {
    let middle = partition.lowerBound + (partition.upperBound - partition.lowerBound) / 2
    blocks = [partition.lowerBound, middle].compactMap { geometry.eraseBlock(containing: $0) }
  }

  static func entry(_ sequence: UInt32, _ state: UInt32) -> [UInt8] {
    little(sequence) + [UInt8](repeating: 0xff, count: 20) + little(state) + little(checksum(sequence))
  }

  static func little(_ value: UInt32) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32(8 * $0)) }
  }

  static func number(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) }
  }

  /// Bit by bit: the register starts at 0 and is inverted at the end.
  static func checksum(_ sequence: UInt32) -> UInt32 {
    var register = sequence
    for _ in 0..<32 { register = register >> 1 ^ (register & 1 == 1 ? 0xedb8_8320 : 0) }
    return ~register
  }

  /// Numbers and states of the entries that may boot.
  static func selectable(_ bytes: [UInt8]) -> (sequence: UInt32, state: UInt32)? {
    let sequence = number(bytes[0..<4])
    let state = number(bytes[24..<28])
    guard sequence != .max, number(bytes[28..<32]) == checksum(sequence), state != 3, state != 4 else {
      return nil
    }
    return (sequence, state)
  }

  /// Which entry counts; does not look for attempts.
  private func counting(_ entries: [[UInt8]]) -> Int? {
    let found = entries.map { EspressifModel.selectable($0)?.sequence }
    guard let first = found[0] else { return found[1] == nil ? nil : 1 }
    guard let second = found[1] else { return 0 }
    return second > first ? 1 : 0
  }

  private func entries(on device: SharedFlash) throws(StorageError) -> [[UInt8]] {
    var device = device
    var entries: [[UInt8]] = []
    for block in blocks {
      entries.append(try device.bytes(of: block.lowerBound..<block.lowerBound + 32))
    }
    return entries
  }

  /// What the entry that counts selects.
  func selected(on device: SharedFlash) throws(StorageError) -> SlotIdentifier? {
    let entries = try entries(on: device)
    guard let place = counting(entries) else { return nil }
    return SlotIdentifier(rawValue: UInt8((EspressifModel.number(entries[place][0..<4]) &- 1) % 2))
  }

  /// A start: what was on trial is aborted, what is new is on trial.
  ///
  /// The real one erases at once. Here the checksum is made void before, because a torn erase may otherwise confirm what
  /// is on trial or to be aborted: a weakness of that boot loader, and not of the adapter.
  func boot(_ device: SharedFlash) throws(StorageError) -> SlotIdentifier? {
    for (place, bytes) in try entries(on: device).enumerated() {
      guard let entry = EspressifModel.selectable(bytes), entry.state == 1 else { continue }
      try rewrite(place, EspressifModel.entry(entry.sequence, 4), on: device)
    }
    let now = try entries(on: device)
    guard let place = counting(now), let entry = EspressifModel.selectable(now[place]) else { return nil }
    if entry.state == 0 {
      try rewrite(place, EspressifModel.entry(entry.sequence, 1), on: device)
    }
    return SlotIdentifier(rawValue: UInt8((entry.sequence &- 1) % 2))
  }

  private func rewrite(
    _ place: Int, _ bytes: [UInt8], on device: SharedFlash
  ) throws(StorageError) {
    var device = device
    let void = [UInt8](repeating: 0, count: 4)
    do throws(FlashError) {
      try device.write(void.span, at: blocks[place].lowerBound + 28)
    } catch {
      throw .flash(error)
    }
    try device.replace(blocks[place], with: bytes)
  }
}
