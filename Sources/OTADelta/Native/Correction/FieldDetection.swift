extension Predictor {
  /// The field at the current place.
  @inline(__always)
  mutating func detect(_ address: UInt32) -> AddressField {
    switch regions.kind(at: old) {
    case .code: return code(address, hasPointers: true)
    case .codeOnly: return code(address, hasPointers: false)
    case .pointers32:
      return old & 3 == 0 ? pointer32() ?? .plain(4) : .plain(4 - (old & 3))
    case .pointers64:
      return old & 7 == 0 ? pointer64() ?? .plain(8) : .plain(4 - (old & 3))
    case .relative32:
      return old & 3 == 0 ? word(.relative32, origin: address) ?? .plain(4) : .plain(4 - (old & 3))
    case .offset32:
      return old & 3 == 0 ? word(.offset32, origin: oldOrigin) ?? .plain(4) : .plain(4 - (old & 3))
    case .plain:
      return .plain(4 - (old & 3))
    }
  }

  @inline(__always)
  private mutating func code(_ address: UInt32, hasPointers: Bool) -> AddressField {
    switch architecture {
    case .none:
      return .plain(4 - (old & 3))
    case .pointers32:
      return old & 3 == 0 ? pointer32() ?? .plain(4) : .plain(4 - (old & 3))
    case .pointers64:
      return old & 7 == 0 ? pointer64() ?? .plain(8) : .plain(4 - (old & 3))
    case .thumb:
      if old & 1 != 0 { return .plain(1) }
      if old & 3 == 0 {
        if let origin = literalOrigin(address), let found = word(.thumbOffset, origin: origin) {
          return found
        }
        if hasPointers, let pointer = pointer32() { return pointer }
      }
      let found = Thumb.field(window.word(old), address: address)
      if literals.count > 0, found.kind == .thumbLiteral || found.kind == .thumbLiteralWide {
        note(found, address: address)
      }
      return found
    case .arm:
      if old & 3 != 0 { return .plain(4 - (old & 3)) }
      if hasPointers, let pointer = pointer32() { return pointer }
      return ARM.field(window.word(old), address: address)
    case .arm64:
      if old & 3 != 0 { return .plain(4 - (old & 3)) }
      if hasPointers, old & 7 == 0, let pointer = pointer64() { return pointer }
      return AArch64.field(at: old, address: address, in: window)
    case .riscv32, .riscv64:
      if old & 1 != 0 { return .plain(1) }
      let is64 = architecture == .riscv64
      if hasPointers, old & (is64 ? 7 : 3) == 0, let pointer = is64 ? pointer64() : pointer32() {
        return pointer
      }
      return RISCV.field(at: old, address: address, is64: is64, in: window)
    case .x8664:
      if hasPointers, old & 7 == 0, let pointer = pointer64() { return pointer }
      return X86.field(at: old, address: address, space: &oldSpace, in: window)
    case .xtensa:
      if hasPointers, old & 3 == 0, let pointer = pointer32() { return pointer }
      return Xtensa.field(window.word(old), address: address)
    }
  }

  /// A word that is counted from an address and means a place in the image.
  @inline(__always)
  private mutating func word(_ kind: FieldKind, origin: UInt32) -> AddressField? {
    let value = window.word(old)
    let target = origin &+ value
    guard isKnown(target) || learnedTarget(target) != nil else { return nil }
    var field = AddressField(kind, length: 4, bits: UInt64(value), target: target)
    field.pairDistance = origin
    return field
  }

  /// Notes what is added to a literal by `ADD Rd, PC` a few instructions behind the load of it.
  private mutating func note(_ load: AddressField, address: UInt32) {
    let register = UInt32(truncatingIfNeeded: load.length == 2 ? load.bits >> 8 & 7 : load.bits >> 28)
    let wanted = 0x4478 | register & 7 | (register & 8) << 4
    var distance = load.length
    while distance < 32 {
      if window.half(old &+ distance) == wanted {
        let cell = literalCell(load.target)
        literals[cell] = load.target &+ 1
        literals[cell + 1] = address &+ distance &+ 4
        return
      }
      distance += 2
    }
  }

  /// What is added to the literal at an address, if a load of it was seen.
  private mutating func literalOrigin(_ address: UInt32) -> UInt32? {
    guard literals.count > 0 else { return nil }
    let cell = literalCell(address)
    return literals[cell] == address &+ 1 ? literals[cell + 1] : nil
  }

  private mutating func literalCell(_ address: UInt32) -> Int {
    (Int(address >> 2) & (literals.count / 2 - 1)) << 1
  }

  /// The bytes of the field in the new image for a new address, if it can be written.
  mutating func newBits(_ target: UInt32) -> UInt64? {
    switch field.kind {
    case .relative32: UInt64(target &- newSpace.address(of: new))
    case .offset32: UInt64(target &- newOrigin)
    case .thumbOffset: UInt64(target &- mapped(field.pairDistance))
    default: field.bits(address: newSpace.address(of: new), target: target, base: newSpace.base)
    }
  }

  @inline(__always)
  private mutating func pointer32() -> AddressField? {
    let value = window.word(old)
    let target = value &- UInt32(truncatingIfNeeded: oldSpace.base)
    let place = architecture == .thumb ? target & ~1 : target
    guard isKnown(place) || learnedTarget(target) != nil else { return nil }
    return AddressField(.pointer32, length: 4, bits: UInt64(value), target: target)
  }

  @inline(__always)
  private mutating func pointer64() -> AddressField? {
    let value = UInt64(window.word(old)) | UInt64(window.word(old &+ 4)) << 32
    guard let target = UInt32(exactly: value &- oldSpace.base),
      isKnown(target) || learnedTarget(target) != nil
    else { return nil }
    return AddressField(.pointer64, length: 8, bits: value, target: target)
  }

  /// Whether an address is in the old image, or near one that moved.
  @inline(__always)
  private mutating func isKnown(_ target: UInt32) -> Bool {
    oldSpace.offset(of: target) != nil || pageTarget(target) != nil
  }

  /// What the new bytes of a field mean, if they are one of the same kind.
  mutating func newTarget() -> UInt32? {
    let address = newSpace.address(of: new &- field.length)
    let found: AddressField
    switch field.kind {
    case .pointer32: return UInt32(truncatingIfNeeded: actual &- newSpace.base)
    case .pointer64: return UInt32(exactly: actual &- newSpace.base)
    case .relative32: return UInt32(truncatingIfNeeded: actual) &+ address
    case .offset32: return UInt32(truncatingIfNeeded: actual) &+ newOrigin
    case .thumbOffset: return UInt32(truncatingIfNeeded: actual) &+ mapped(field.pairDistance)
    default:
      switch architecture {
      case .thumb: found = Thumb.field(UInt32(truncatingIfNeeded: actual), address: address)
      case .arm64: found = AArch64.field(UInt32(truncatingIfNeeded: actual), address: address)
      case .arm: found = ARM.field(UInt32(truncatingIfNeeded: actual), address: address)
      case .riscv32, .riscv64: found = RISCV.field(UInt32(truncatingIfNeeded: actual), address: address)
      case .xtensa: found = Xtensa.field(UInt32(truncatingIfNeeded: actual), address: address)
      case .x8664:
        let skip = field.pairDistance
        return address &+ skip &+ 4 &+ UInt32(truncatingIfNeeded: actual >> (8 * UInt64(skip)))
      case .none, .pointers32, .pointers64: return nil
      }
    }
    return found.kind == field.kind ? found.target : nil
  }
}
