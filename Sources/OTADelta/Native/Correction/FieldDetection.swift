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
      return old & 7 == 0 ? pointer64() ?? .plain(4) : .plain(4 - (old & 3))
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
      return old & 7 == 0 ? pointer64() ?? .plain(4) : .plain(4 - (old & 3))
    case .thumb, .arm: return armCode(address, hasPointers: hasPointers)
    case .riscv32, .riscv64: return riscvCode(address, hasPointers: hasPointers)
    case .arm64, .x8664, .xtensa: return otherCode(address, hasPointers: hasPointers)
    }
  }

  /// A word that is counted from an address and means a place in the image.
  #if hasFeature(Embedded)
  @inline(never)
  #else
  @inline(__always)
  #endif
  mutating func word(_ kind: FieldKind, origin: UInt32) -> AddressField? {
    let value = window.word(old)
    let target = origin &+ value
    guard isKnown(target) || learnedTarget(target) != nil else { return nil }
    var field = AddressField(kind, length: 4, bits: UInt64(value), target: target)
    field.pairDistance = origin
    return field
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

  #if hasFeature(Embedded)
  @inline(never)
  #else
  @inline(__always)
  #endif
  mutating func pointer32() -> AddressField? {
    let value = window.word(old)
    let target = value &- UInt32(truncatingIfNeeded: oldSpace.base)
    let place = architecture == .thumb ? target & ~1 : target
    guard isKnown(place) || learnedTarget(target) != nil else { return nil }
    return AddressField(.pointer32, length: 4, bits: UInt64(value), target: target)
  }

  #if hasFeature(Embedded)
  @inline(never)
  #else
  @inline(__always)
  #endif
  mutating func pointer64() -> AddressField? {
    let value = UInt64(window.word(old)) | UInt64(window.word(old &+ 4)) << 32
    guard let target = UInt32(exactly: value &- oldSpace.base),
      isKnown(target) || learnedTarget(target) != nil
    else { return nil }
    return AddressField(.pointer64, length: 8, bits: value, target: target)
  }

  /// Whether an address is in the old image, or near one that moved.
  #if hasFeature(Embedded)
  @inline(never)
  #else
  @inline(__always)
  #endif
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
    case .x86Relative:
      let skip = field.pairDistance
      return address &+ skip &+ 4 &+ UInt32(truncatingIfNeeded: actual >> (8 * UInt64(skip)))
    default:
      found = Instructions.field(
        UInt32(truncatingIfNeeded: actual), address: address, architecture: architecture)
    }
    return found.kind == field.kind ? found.target : nil
  }
}
