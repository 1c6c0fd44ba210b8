/// One of the two entries of an `otadata` partition, 32 bytes.
///
/// | offset | size | content |
/// |---|---|---|
/// | 0 | 4 | sequence number, little endian; all ones if the entry is empty |
/// | 4 | 20 | label, not used |
/// | 24 | 4 | state, little endian |
/// | 28 | 4 | CRC-32 of the sequence number alone, little endian |
///
/// - Note: Source: ESP-IDF, `esp_ota_select_entry_t` in `esp_flash_partitions.h`.
public struct EspressifEntry: Equatable, Sendable {
  /// What is known of the image that an entry selects.
  public enum State: UInt32, Sendable {
    /// Requested; the boot loader makes it ``pendingVerify`` when it boots it.
    case new = 0
    /// Has been booted; becomes ``aborted`` if it is booted again before it is confirmed.
    case pendingVerify = 1
    /// Confirmed.
    case valid = 2
    /// Given up by the application.
    case invalid = 3
    /// Given up by the boot loader.
    case aborted = 4
    /// No state was recorded; counts as confirmed.
    case undefined = 0xffff_ffff
  }

  /// The length of an entry.
  public static var size: Int { 32 }

  /// Its number; the entry with the higher one counts.
  public var sequence: UInt32
  /// The state as a number; others than those of ``State`` count as ``State/undefined``.
  public var stateValue: UInt32

  /// Makes an entry from its parts.
  public init(sequence: UInt32, state: State) {
    self.sequence = sequence
    self.stateValue = state.rawValue
  }

  /// Reads an entry; `nil` if these are not just 32 bytes, the entry is empty, or its checksum is wrong.
  public init?(_ bytes: Span<UInt8>) {
    guard bytes.count == EspressifEntry.size else { return nil }
    sequence = bytes.littleEndian(at: 0)
    stateValue = bytes.littleEndian(at: 24)
    guard sequence != UInt32.max, bytes.littleEndian(at: 28) == checksum else { return nil }
  }

  /// Its state.
  public var state: State { State(rawValue: stateValue) ?? .undefined }

  /// Whether the boot loader may boot what it selects.
  public var isSelectable: Bool { state != .invalid && state != .aborted }

  /// The checksum of its number.
  ///
  /// The register starts at zero, other than usual: the ROM inverts the initial value that it is given, which is all
  /// ones. Number 1 has 0x4743989a, number 2 has 0x55f63774.
  ///
  /// - Note: Source: ESP-IDF, `bootloader_common_ota_select_crc`.
  public var checksum: UInt32 {
    var crc = CRC32(continuing: UInt32.max)
    for place: UInt32 in 0..<4 { crc.update(byte: UInt8(truncatingIfNeeded: sequence >> (8 * place))) }
    return crc.checksum
  }

  /// The 32 bytes; the label is left erased.
  var bytes: InlineArray<32, UInt8> {
    var bytes = InlineArray<32, UInt8>(repeating: 0xff)
    let checksum = checksum
    for place in 0..<4 {
      bytes[place] = UInt8(truncatingIfNeeded: sequence >> UInt32(8 * place))
      bytes[24 + place] = UInt8(truncatingIfNeeded: stateValue >> UInt32(8 * place))
      bytes[28 + place] = UInt8(truncatingIfNeeded: checksum >> UInt32(8 * place))
    }
    return bytes
  }

  /// The number of the `ota_N` partition that it selects.
  ///
  /// - Precondition: `slotCount` is not 0.
  public func slot(of slotCount: UInt32) -> UInt32 { (sequence &- 1) % slotCount }

  /// The lowest number above another that selects a slot; `nil` if there is none left.
  static func sequence(after other: UInt32, selecting slot: UInt32, of slotCount: UInt32) -> UInt32? {
    // The number after `other` selects slot `other % slotCount`.
    let steps = 1 + (slot + slotCount - other % slotCount) % slotCount
    let (sequence, overflow) = other.addingReportingOverflow(steps)
    return overflow || sequence == UInt32.max ? nil : sequence
  }
}

extension Span<UInt8> {
  /// Four bytes as a little-endian number; the caller has checked that they are there.
  func littleEndian(at offset: Int) -> UInt32 {
    UInt32(self[offset]) | UInt32(self[offset + 1]) << 8 | UInt32(self[offset + 2]) << 16
      | UInt32(self[offset + 3]) << 24
  }
}
