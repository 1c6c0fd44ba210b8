/// Where the images of the two slots are, on a device that boots from one place only.
///
/// Slot a and slot b name two images. On a device that runs both where they are, slot a is the first place and slot b
/// the second for ever. On one that runs the first place only, the image that is to boot is brought there, and the
/// two change places: the names stay with the images.
public enum Placement: Equatable, Sendable {
  /// The image of this slot is in the primary place, that of the other one in the secondary.
  case settled(primary: SlotIdentifier)
  /// The image of this slot is being brought to the primary place; so many steps of the way are done. Nothing can boot
  /// before the last one.
  case moving(to: SlotIdentifier, step: UInt32)
}

extension Placement {
  func serialize(into writer: inout ByteWriter) throws(ParseError) {
    switch self {
    case .settled(let slot):
      try writer.write(byte: slot.rawValue)
    case .moving(let slot, let step):
      try writer.write(byte: slot.rawValue | 0x80)
      try writer.writeLittleEndian(step)
    }
  }

  init(parsing cursor: inout ByteCursor) throws(ParseError) {
    let offset = cursor.offset
    let first = try cursor.readByte()
    guard let slot = SlotIdentifier(rawValue: first & 0x7f) else {
      throw ParseError(.invalidValue, at: offset)
    }
    self =
      first & 0x80 == 0 ? .settled(primary: slot) : .moving(to: slot, step: try cursor.readLittleEndian())
  }
}
