extension Predictor {
  /// Sets ``field`` to the one at the current place.
  @inline(__always)
  mutating func detect(_ address: UInt32) {
    word = window.word(old)
    let kind = regions.kind(at: old)
    switch kind {
    case .code, .codeOnly: detectCode(address, hasPointers: kind == .code)
    case .pointers32: detectPointer32()
    case .pointers64: detectPointer64()
    case .relative32: if old & 3 != 0 || !isWord(.relative32, origin: address) { skipWord() }
    case .offset32: if old & 3 != 0 || !isWord(.offset32, origin: oldOrigin) { skipWord() }
    case .plain: skipWord()
    }
  }

  @inline(__always)
  private mutating func detectCode(_ address: UInt32, hasPointers: Bool) {
    switch architecture {
    case .none: skipWord()
    case .pointers32: detectPointer32()
    case .pointers64: detectPointer64()
    case .thumb, .arm: detectARM(address, hasPointers: hasPointers)
    case .riscv32, .riscv64: detectRISCV(address, hasPointers: hasPointers)
    case .arm64, .x8664, .xtensa: detectOther(address, hasPointers: hasPointers)
    }
  }

  @inline(__always)
  private mutating func detectPointer32() {
    if old & 3 != 0 || !isPointer32() { skipWord() }
  }

  @inline(__always)
  private mutating func detectPointer64() {
    // Without them the region or the architecture was refused.
    if old & 7 != 0 || !DecoderProfile.current.hasWidePointers || !isPointer64() { skipWord() }
  }

  /// Sets ``field`` to the bytes up to the next word, without an address.
  #if hasFeature(Embedded)
  @inline(never)
  #else
  @inline(__always)
  #endif
  mutating func skipWord() { field = .plain(4 - (old & 3)) }

  /// Sets ``field`` to a word that is counted from an address, if that is a place in the image.
  #if hasFeature(Embedded)
  @inline(never)
  #else
  @inline(__always)
  #endif
  mutating func isWord(_ kind: FieldKind, origin: UInt32) -> Bool {
    let value = word
    let target = origin &+ value
    guard isKnown(target) || learnedTarget(target) != nil else { return false }
    field = AddressField(kind, length: 4, bits: FieldBits(value), target: target)
    field.pairDistance = origin
    return true
  }

  /// The bytes of the field in the new image for a new address, if it can be written.
  mutating func newBits(_ target: UInt32) -> FieldBits? {
    switch field.kind {
    case .relative32: FieldBits(target &- newSpace.address(of: new))
    case .offset32: FieldBits(target &- newOrigin)
    case .thumbOffset: FieldBits(target &- mapped(field.pairDistance))
    default: field.bits(address: newSpace.address(of: new), target: target, base: newSpace.base)
    }
  }

  /// Sets ``field`` to a pointer of 32 bits, if that is one.
  #if hasFeature(Embedded)
  @inline(never)
  #else
  @inline(__always)
  #endif
  mutating func isPointer32() -> Bool {
    let value = word
    let target = value &- UInt32(truncatingIfNeeded: oldSpace.base)
    let place = architecture == .thumb ? target & ~1 : target
    guard isKnown(place) || learnedTarget(target) != nil else { return false }
    field = AddressField(.pointer32, length: 4, bits: FieldBits(value), target: target)
    return true
  }

  /// Sets ``field`` to a pointer of 64 bits, if that is one.
  #if hasFeature(Embedded)
  @inline(never)
  #else
  @inline(__always)
  #endif
  mutating func isPointer64() -> Bool {
    let value = FieldBits(truncatingIfNeeded: UInt64(word) | UInt64(window.word(old &+ 4)) << 32)
    guard let target = UInt32(exactly: value &- oldSpace.base),
      isKnown(target) || learnedTarget(target) != nil
    else { return false }
    field = AddressField(.pointer64, length: 8, bits: value, target: target)
    return true
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
      return address &+ skip &+ 4 &+ UInt32(truncatingIfNeeded: actual >> (8 * FieldBits(skip)))
    default:
      found = Instructions.field(
        UInt32(truncatingIfNeeded: actual), address: address, architecture: architecture)
    }
    return found.kind == field.kind ? found.target : nil
  }
}
