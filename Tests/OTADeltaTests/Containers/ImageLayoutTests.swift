import OTADelta
import Testing

@testable import OTADeltaEncoder

@Suite("Images inside of contents")
struct ImageLayoutTests {
  private static func word(_ value: UInt32) -> [UInt8] { ContainerBuilder.littleEndian(value) }

  /// An image of the ESP8266: a header, and segments of zeros.
  private static func esp8266(_ segments: [(address: UInt32, count: Int)]) -> [UInt8] {
    var image: [UInt8] = [0xe9, UInt8(segments.count), 3, 0x40] + word(0x4010_0000)
    for segment in segments {
      image += word(segment.address) + word(UInt32(segment.count))
      image += [UInt8](repeating: 0, count: segment.count)
    }
    return image
  }

  /// The header of an ELF file for a machine, without any segment.
  private static func elf(machine: UInt8) -> [UInt8] {
    var header = [UInt8](repeating: 0, count: 64)
    header.replaceSubrange(0..<6, with: [0x7f, 0x45, 0x4c, 0x46, 2, 1])
    header[18] = machine
    return header
  }

  @Test("An image of the ESP8266, its boot loader, and what is behind it", arguments: [0, 16])
  func esp8266(start: Int) throws {
    var image = ImageLayoutTests.esp8266([(0x4010_f000, 64)])
    image += [UInt8](repeating: 0, count: 0x1000 - image.count)
    image += ImageLayoutTests.esp8266([(0x4020_1010, 4096), (0x3ffe_8000, 128)])
    let end = image.count
    image += [UInt8](repeating: 7, count: 100)
    let content = [UInt8](repeating: 0, count: start) + image
    let layout = try #require(ImageLayout(content, startingAt: [start]))
    #expect(layout.architecture == .xtensa)
    let offset = UInt32(start)
    #expect(
      layout.space.segments == [
        Segment(offset: offset + 16, length: 64, address: 0x4010_f000),
        Segment(offset: offset + 0x1010, length: 4096, address: 0x4020_1010),
        Segment(offset: offset + 0x2018, length: 128, address: 0x3ffe_8000),
        Segment(offset: offset + UInt32(end), length: 100, address: 0x4020_0000 + UInt32(end)),
      ])
    if start > 0 { #expect(ImageLayout(content) == nil) }
  }

  @Test("Of several images, the machine of most is taken, and no address")
  func several() throws {
    let content = [62, 40, 40].flatMap { ImageLayoutTests.elf(machine: $0) }
    let layout = try #require(ImageLayout(content, startingAt: [0, 32, 64, 128, 190, 192, 5000]))
    #expect(layout.architecture == .thumb)
    #expect(layout.space.segments.isEmpty)
    #expect(ImageLayout(content, startingAt: [0])?.architecture == .x8664)
    #expect(ImageLayout(content, startingAt: [32, 65]) == nil)
  }
}
