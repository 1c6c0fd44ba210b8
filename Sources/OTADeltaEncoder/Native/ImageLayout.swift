import OTADelta

/// What an image says about itself: the machine it is for, and where its parts are in memory.
struct ImageLayout {
  /// The instruction set; nil if the image does not say.
  var architecture: Architecture?
  /// Where it is in memory.
  var space: NativePlan.Space

  /// Reads ELF files and images of Espressif's boot loader; nil for others.
  ///
  /// A layout is a guess that the encoder measures: nothing depends on it being true.
  init?(_ image: [UInt8]) {
    if let layout = ImageLayout(elf: image) {
      self = layout
    } else if let layout = ImageLayout(espressif: image) {
      self = layout
    } else {
      return nil
    }
  }

  private init(architecture: Architecture?, space: NativePlan.Space) {
    self.architecture = architecture
    self.space = space
  }

  /// - Note: Source: Tool Interface Standard, ELF 1.2, and the ELF-64 Object File Format; little-endian only.
  private init?(elf image: [UInt8]) {
    guard image.starts(with: [0x7f, 0x45, 0x4c, 0x46]), image.count >= 64, image[5] == 1 else { return nil }
    let is64 = image[4] == 2
    let reader = LittleEndianReader(image)
    let table = is64 ? reader.word64(at: 32) : reader.word(at: 28).map(UInt64.init)
    guard let table, let start = Int(exactly: table), let machine = reader.half(at: 18),
      let count = reader.half(at: is64 ? 56 : 44)
    else { return nil }
    var space = NativePlan.Space()
    for index in 0..<Int(count) {
      let entry = start.addingReportingOverflow(index * (is64 ? 56 : 32))
      guard !entry.overflow, let kind = reader.word(at: entry.partialValue) else { break }
      let at = entry.partialValue
      let offset = is64 ? reader.word64(at: at + 8) : reader.word(at: at + 4).map(UInt64.init)
      let address = is64 ? reader.word64(at: at + 16) : reader.word(at: at + 8).map(UInt64.init)
      let size = is64 ? reader.word64(at: at + 32) : reader.word(at: at + 16).map(UInt64.init)
      guard let offset, let address, let size else { break }
      if kind == ImageLayout.exceptionFrameHeader {
        space.origin = UInt32(truncatingIfNeeded: address &- space.base)
      }
      guard kind == ImageLayout.loadable, space.segments.count < 8 else { continue }
      if space.segments.isEmpty { space.base = address &- offset }
      guard let place = UInt32(exactly: offset), let length = UInt32(exactly: size),
        offset + size <= UInt64(image.count), let relative = UInt32(exactly: address &- space.base)
      else { continue }
      space.segments.append(Segment(offset: place, length: length, address: relative))
    }
    self.init(architecture: ImageLayout.architecture(machine: machine, is64: is64), space: space)
  }

  private static var loadable: UInt32 { 1 }
  private static var exceptionFrameHeader: UInt32 { 0x6474_e550 }

  private static func architecture(machine: UInt16, is64: Bool) -> Architecture {
    switch machine {
    case 40: .thumb
    case 62: .x8664
    case 94: .xtensa
    case 183: .arm64
    case 243: is64 ? .riscv64 : .riscv32
    default: is64 ? .pointers64 : .pointers32
    }
  }

  /// - Note: Source: ESP-IDF Programming Guide, "App Image Format".
  private init?(espressif image: [UInt8]) {
    guard image.count > 32, image[0] == 0xe9, (1...8).contains(image[1]) else { return nil }
    let reader = LittleEndianReader(image)
    guard let chip = reader.half(at: 12), chip <= 32 else { return nil }
    var space = NativePlan.Space()
    var position = 24
    for _ in 0..<image[1] {
      guard let address = reader.word(at: position), let length = reader.word(at: position + 4),
        Int(length) <= image.count - position - 8
      else { return nil }
      space.segments.append(Segment(offset: UInt32(position + 8), length: length, address: address))
      position += 8 + Int(length)
    }
    self.init(architecture: [0, 2, 9].contains(chip) ? .xtensa : .riscv32, space: space)
  }
}

/// Little-endian numbers at any place of some bytes; nil where they reach beyond the end.
struct LittleEndianReader {
  private let bytes: [UInt8]

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  func half(at offset: Int) -> UInt16? { value(at: offset, width: 2).map(UInt16.init(truncatingIfNeeded:)) }
  func word(at offset: Int) -> UInt32? { value(at: offset, width: 4).map(UInt32.init(truncatingIfNeeded:)) }
  func word64(at offset: Int) -> UInt64? { value(at: offset, width: 8) }

  func value(at offset: Int, width: Int) -> UInt64? {
    guard offset >= 0, bytes.count >= width, offset <= bytes.count - width else { return nil }
    var result: UInt64 = 0
    for index in 0..<width { result |= UInt64(bytes[offset + index]) << UInt64(8 * index) }
    return result
  }
}
