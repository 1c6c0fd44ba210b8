import OTADelta

/// What an image says about itself: the machine it is for, and where its parts are in memory.
struct ImageLayout: Equatable {
  /// The instruction set; nil if the image does not say.
  var architecture: Architecture?
  /// Where it is in memory.
  var space: NativePlan.Space

  /// Reads ELF files and images of Espressif's boot loaders; nil for others.
  ///
  /// A layout is a guess that the encoder measures: nothing depends on it being true. Where several images are found,
  /// the layout has the instruction set of most of them, and no segment: they cannot all be at their addresses.
  ///
  /// - Parameters:
  ///   - image: the bytes.
  ///   - starts: where an image may begin.
  init?(_ image: [UInt8], startingAt starts: [Int] = [0]) {
    var layouts: [ImageLayout] = []
    for start in starts {
      let reader = LittleEndianReader(image, from: start)
      if let layout = ImageLayout(elf: reader) ?? ImageLayout(esp8266: reader)
        ?? ImageLayout(espressif: reader)
      {
        layouts.append(layout.moved(by: start))
      }
    }
    guard let first = layouts.first else { return nil }
    guard layouts.count > 1 else {
      self = first
      return
    }
    let counts = Dictionary(grouping: layouts.compactMap(\.architecture)) { $0 }.mapValues(\.count)
    let most = counts.max { ($0.value, $1.key.rawValue) < ($1.value, $0.key.rawValue) }
    self.init(architecture: most?.key, space: NativePlan.Space())
  }

  /// The layout of an image that begins at another place.
  private func moved(by start: Int) -> ImageLayout {
    var moved = self
    for index in space.segments.indices { moved.space.segments[index].offset += UInt32(start) }
    return moved
  }

  private init(architecture: Architecture?, space: NativePlan.Space) {
    self.architecture = architecture
    self.space = space
  }

  /// - Note: Source: Tool Interface Standard, ELF 1.2, and the ELF-64 Object File Format; little-endian only.
  private init?(elf reader: LittleEndianReader) {
    guard reader.word(at: 0) == 0x464c_457f, reader.count >= 64, reader.byte(at: 5) == 1 else { return nil }
    let is64 = reader.byte(at: 4) == 2
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
        offset <= UInt64(reader.count), size <= UInt64(reader.count) - offset,
        let relative = UInt32(exactly: address &- space.base)
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
  private init?(espressif reader: LittleEndianReader) {
    guard reader.byte(at: 0) == 0xe9, let count = reader.byte(at: 1), (1...8).contains(count),
      let chip = reader.half(at: 12), chip <= 32,
      let found = ImageLayout.segments(reader, count: count, at: 24)
    else { return nil }
    self.init(
      architecture: [0, 2, 9].contains(chip) ? .xtensa : .riscv32,
      space: NativePlan.Space(segments: found.list))
  }

  /// An image of the ESP8266, which may follow its boot loader by one sector; what is behind it is executed from flash.
  ///
  /// - Note: Source: esptool documentation, "Firmware Image Format"; ESP8266 Technical Reference, for the addresses.
  private init?(esp8266 reader: LittleEndianReader) {
    var space = NativePlan.Space()
    var end = 0
    for start in [0, 0x1000] where start >= end {
      guard reader.byte(at: start) == 0xe9, let count = reader.byte(at: start + 1), (1...8).contains(count),
        let found = ImageLayout.segments(reader, count: count, at: start + 8),
        found.list.allSatisfy({ ImageLayout.esp8266Addresses.contains($0.address) })
      else { continue }
      space.segments += found.list
      end = found.end
    }
    guard !space.segments.isEmpty, space.segments.count < 8 else { return nil }
    if end < reader.count, let offset = UInt32(exactly: end),
      let length = UInt32(exactly: reader.count - end),
      length < 16 << 20
    {
      space.segments.append(
        Segment(offset: offset, length: length, address: ImageLayout.esp8266Flash + offset))
    }
    self.init(architecture: .xtensa, space: space)
  }

  /// From the data memory to the end of the flash.
  private static var esp8266Addresses: Range<UInt32> { 0x3ff0_0000..<0x4040_0000 }
  /// Where the first byte of the flash is in memory.
  private static var esp8266Flash: UInt32 { 0x4020_0000 }

  /// The segments of an image, each behind its address and its length.
  private static func segments(
    _ reader: LittleEndianReader, count: UInt8, at start: Int
  ) -> (list: [Segment], end: Int)? {
    var list: [Segment] = []
    var position = start
    for _ in 0..<count {
      guard let address = reader.word(at: position), let length = reader.word(at: position + 4),
        Int(length) <= reader.count - position - 8
      else { return nil }
      list.append(Segment(offset: UInt32(position + 8), length: length, address: address))
      position += 8 + Int(length)
    }
    return (list, position)
  }
}

/// Little-endian numbers at any place of some bytes; nil where they reach beyond the end.
struct LittleEndianReader {
  private let bytes: [UInt8]
  private let start: Int
  /// How many bytes there are.
  var count: Int { bytes.count - start }

  /// - Parameters:
  ///   - bytes: all of them.
  ///   - start: from where places count; at most the count of bytes.
  init(_ bytes: [UInt8], from start: Int = 0) {
    self.bytes = bytes
    self.start = min(start, bytes.count)
  }

  func byte(at offset: Int) -> UInt8? { value(at: offset, width: 1).map(UInt8.init(truncatingIfNeeded:)) }
  func half(at offset: Int) -> UInt16? { value(at: offset, width: 2).map(UInt16.init(truncatingIfNeeded:)) }
  func word(at offset: Int) -> UInt32? { value(at: offset, width: 4).map(UInt32.init(truncatingIfNeeded:)) }
  func word64(at offset: Int) -> UInt64? { value(at: offset, width: 8) }

  func value(at offset: Int, width: Int) -> UInt64? {
    guard offset >= 0, count >= width, offset <= count - width else { return nil }
    var result: UInt64 = 0
    for index in 0..<width { result |= UInt64(bytes[start + offset + index]) << UInt64(8 * index) }
    return result
  }
}
