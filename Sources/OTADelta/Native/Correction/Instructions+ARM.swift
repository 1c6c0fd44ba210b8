#if !hasFeature(Embedded) || !(arch(riscv32) || arch(riscv64))
extension Instructions {
  static var hasThumb: Bool { true }

  #if hasFeature(Embedded) && arch(arm)
  static var hasARM: Bool { false }

  static func armField(_ word: UInt32, address: UInt32, architecture: Architecture) -> AddressField {
    Thumb.field(word, address: address)
  }

  static func armBits(of field: AddressField, address: UInt32, target: UInt32) -> FieldBits? {
    Thumb.bits(of: field, address: address, target: target)
  }
  #else
  static var hasARM: Bool { true }

  static func armField(_ word: UInt32, address: UInt32, architecture: Architecture) -> AddressField {
    architecture == .thumb ? Thumb.field(word, address: address) : ARM.field(word, address: address)
  }

  static func armBits(of field: AddressField, address: UInt32, target: UInt32) -> FieldBits? {
    switch field.kind {
    case .armBranch, .armLiteral: ARM.bits(of: field, address: address, target: target)
    default: Thumb.bits(of: field, address: address, target: target)
    }
  }
  #endif
}

extension Predictor {
  /// Sets ``field`` to the one at the current place in Thumb or A32 code.
  @inline(__always)
  mutating func detectARM(_ address: UInt32, hasPointers: Bool) {
    guard !Instructions.hasARM || architecture == .thumb else {
      if old & 3 != 0 { return skipWord() }
      if hasPointers, isPointer32() { return }
      field = Instructions.armField(word, address: address, architecture: .arm)
      return
    }
    if old & 1 != 0 {
      field = .plain(1)
      return
    }
    if old & 3 == 0 {
      if let origin = literalOrigin(address), isWord(.thumbOffset, origin: origin) { return }
      if hasPointers, isPointer32() { return }
    }
    field = Thumb.field(word, address: address)
    if hasLiterals, field.kind == .thumbLiteral || field.kind == .thumbLiteralWide {
      note(field, address: address)
    }
  }

  /// Whether there is memory for literals.
  private var hasLiterals: Bool {
    mutating get { DecoderProfile.current.hasLargeModels && literals.count > 0 }
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
    guard hasLiterals else { return nil }
    let cell = literalCell(address)
    return literals[cell] == address &+ 1 ? literals[cell + 1] : nil
  }

  private mutating func literalCell(_ address: UInt32) -> Int {
    (Int(address >> 2) & (literals.count / 2 - 1)) << 1
  }
}
#else
extension Instructions {
  static var hasThumb: Bool { false }
  static var hasARM: Bool { false }

  static func armField(_ word: UInt32, address: UInt32, architecture: Architecture) -> AddressField {
    .plain(4)
  }

  static func armBits(of field: AddressField, address: UInt32, target: UInt32) -> FieldBits? { nil }
}

extension Predictor {
  mutating func detectARM(_ address: UInt32, hasPointers: Bool) {}
}
#endif
