// Without pointers of 64 bits, see ``DecoderProfile``, no field is longer than four bytes.
#if hasFeature(Embedded) && arch(arm)
/// The bytes of a field, least significant first.
typealias FieldBits = UInt32
#else
/// The bytes of a field, least significant first.
typealias FieldBits = UInt64
#endif

/// An address inside of the old image: in an instruction, or as a pointer.
struct AddressField {
  /// How it is written.
  var kind: FieldKind
  /// How many bytes it takes, 1 to 8; without an address, how many bytes to pass over.
  var length: UInt32
  /// Those bytes, least significant first.
  var bits: FieldBits
  /// The address that it means, counted from the base of the image.
  var target: UInt32
  /// How far in front the instruction is that holds the upper half of the address, in bytes; 0 if it is absolute.
  var pairDistance: UInt32 = 0

  init(_ kind: FieldKind, length: UInt32, bits: FieldBits, target: UInt32) {
    self.kind = kind
    self.length = length
    self.bits = bits
    self.target = target
  }

  /// Bytes in which no address is seen.
  static func plain(_ length: UInt32) -> AddressField {
    AddressField(.none, length: length, bits: 0, target: 0)
  }
}

/// How an address is written.
enum FieldKind: UInt8 {
  case none
  case pointer32, pointer64, relative32, offset32
  case thumbBranch, thumbConditional, thumbLiteralWide, thumbLiteral, thumbBranch11, thumbBranch8,
    thumbCompare
  case thumbLiteralFloat, thumbOffset
  case armBranch, armLiteral
  case arm64Branch26, arm64Branch19, arm64Branch14, arm64Address, arm64Page, arm64Low12
  case riscvJump, riscvBranch, riscvShortJump, riscvShortBranch, riscvUpper, riscvLow
  case x86Relative
  case xtensaCall, xtensaLiteral, xtensaJump, xtensaBranch8, xtensaBranch12
}

/// What addresses a part of the old image holds.
package enum RegionKind: UInt8, CaseIterable, Sendable {
  /// Instructions of the architecture, and pointers.
  case code
  /// Instructions, and no pointers.
  case codeOnly
  /// Pointers of 32 bits.
  case pointers32
  /// Pointers of 64 bits.
  case pointers64
  /// Words that are counted from their own place, as in `.eh_frame`.
  case relative32
  /// Words that are counted from one place in the image, as in `.eh_frame_hdr`.
  case offset32
  /// No addresses.
  case plain
}

/// The instruction sets that addresses are seen in.
package enum Architecture: UInt8, CaseIterable, Sendable {
  /// Only pointers of no size: nothing is corrected.
  case none
  case pointers32, pointers64
  case thumb, arm, arm64, riscv32, riscv64, x8664, xtensa
}

extension Architecture {
  /// The name on the command line.
  package var name: StaticString {
    switch self {
    case .none: "none"
    case .pointers32: "pointers32"
    case .pointers64: "pointers64"
    case .thumb: "thumb"
    case .arm: "arm"
    case .arm64: "arm64"
    case .riscv32: "riscv32"
    case .riscv64: "riscv64"
    case .x8664: "x86-64"
    case .xtensa: "xtensa"
    }
  }
}

extension AddressField {
  /// The bytes of the field at a new place that means a new address, if it can be written.
  func bits(address: UInt32, target: UInt32, base: FieldBits) -> FieldBits? {
    switch kind {
    case .pointer32: FieldBits(UInt32(truncatingIfNeeded: base) &+ target)
    case .pointer64: base &+ FieldBits(target)
    default: Instructions.bits(of: self, address: address, target: target)
    }
  }
}
