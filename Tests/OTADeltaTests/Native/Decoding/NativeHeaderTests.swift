import Testing

@testable import OTADelta

@Suite("Header of native patches")
struct NativeHeaderTests {
  static let header = NativeHeader(
    coder: .adaptive, architecture: .thumb, slotBits: 12, matchBits: 10, oldSize: 300, newSize: 0x1234_5678,
    bodySize: 127, coverCount: 128, regionCount: 2, oldDigest: [1, 2, 3, 4, 5, 6, 7, 8],
    newDigest: [9, 10, 11, 12, 13, 14, 15, 16])
  static let bytes: [UInt8] = [
    0x4f, 0x54, 0x41, 0x44, 1, 0, 3, 12, 10,  // OTAD, version, coder, architecture, slots, matches
    0xac, 0x02, 0xf8, 0xac, 0xd1, 0x91, 0x01, 0x7f, 0x80, 0x01, 0x02,  // the five numbers
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
  ]

  private func error(_ bytes: [UInt8]) -> DeltaError? {
    do throws(DeltaError) {
      _ = try NativeHeader.parse(bytes.span)
      return nil
    } catch {
      return error
    }
  }

  /// The bytes with some replaced.
  private func changed(_ changes: [Int: UInt8]) -> [UInt8] {
    var bytes = NativeHeaderTests.bytes
    for (index, byte) in changes { bytes[index] = byte }
    return bytes
  }

  /// The bytes with other numbers.
  private func numbered(_ numbers: [UInt8], coder: UInt8 = 0, slotBits: UInt8 = 12, matchBits: UInt8 = 0)
    -> [UInt8]
  {
    changed([5: coder, 7: slotBits, 8: matchBits])[..<9] + numbers + [UInt8](repeating: 0, count: 16)
  }

  @Test("Every field is where the format says")
  func fields() throws {
    #expect(NativeHeaderTests.header.serialized == NativeHeaderTests.bytes)
    let parsed = try nativeHeader(NativeHeaderTests.bytes + [0xff])
    #expect(parsed.header == NativeHeaderTests.header)
    #expect(parsed.count == NativeHeaderTests.bytes.count)
    #expect(parsed.header.architectureName.description == "thumb")
  }

  @Test("Each field matters when headers are compared")
  func equality() {
    let changes: [(inout NativeHeader) -> Void] = [
      { $0.coder = .stored }, { $0.architecture = .arm }, { $0.slotBits = 9 }, { $0.matchBits = 0 },
      { $0.oldSize = 0 }, { $0.newSize = 0 }, { $0.bodySize = 0 }, { $0.coverCount = 0 },
      { $0.regionCount = 0 },
      { $0.oldDigest[7] = 0 }, { $0.newDigest[7] = 0 },
    ]
    for (index, change) in changes.enumerated() {
      var other = NativeHeaderTests.header
      change(&other)
      #expect(other != NativeHeaderTests.header, "\(index)")
    }
  }

  @Test("A header that ends early asks for more, wherever it ends")
  func truncated() throws {
    for count in NativeHeaderTests.bytes.indices {
      #expect(try NativeHeader.parse(NativeHeaderTests.bytes.span.extracting(0..<count)) == nil, "\(count)")
    }
  }

  @Test("Another magic is refused at its first wrong byte")
  func magic() {
    for index in 0..<4 {
      var bytes = Array(NativeHeaderTests.bytes.prefix(index + 1))
      bytes[index] ^= 0x20
      #expect(error(bytes) == .unsupportedFormat)
    }
  }

  @Test("Versions, architectures and coders that nobody knows are refused")
  func unknown() {
    #expect(error(changed([4: 0])) == .unsupportedFormat)
    #expect(error(changed([4: 2])) == .unsupportedFormat)
    #expect(error(changed([6: 9])) == nil)
    #expect(error(changed([6: 10])) == .unsupportedFormat)
    #expect(error(changed([5: 4])) == .unsupportedCompression)
    #expect(error(changed([5: 255])) == .unsupportedCompression)
  }

  @Test(
    "Sizes of the model are within bounds, and there are none without a model",
    arguments: [
      (0, 8, 0, true), (0, 24, 24, true), (0, 12, 10, true), (0, 7, 0, false), (0, 25, 0, false),
      (0, 0, 0, false), (0, 12, 9, false), (0, 12, 25, false), (0, 255, 0, false), (0, 12, 255, false),
      (1, 0, 0, true), (1, 12, 0, false), (1, 0, 10, false), (1, 1, 0, false),
    ] as [(UInt8, UInt8, UInt8, Bool)])
  func modelSizes(coder: UInt8, slotBits: UInt8, matchBits: UInt8, isRight: Bool) {
    let bytes = numbered([0, 0, 0, 0, 0], coder: coder, slotBits: slotBits, matchBits: matchBits)
    #expect(error(bytes) == (isRight ? nil : .corruptStream))
  }

  @Test("Numbers have one form, and 32 bits")
  func numbers() {
    #expect(error(numbered([0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0, 0, 0])) == nil)
    for place in 0..<5 {
      var forms: [[UInt8]] = Array(repeating: [0], count: 5)
      for wrong in [
        [0x80, 0x00], [0x81, 0x80, 0x00], [0xff, 0xff, 0xff, 0xff, 0x10],
        [0xff, 0xff, 0xff, 0xff, 0x8f, 0x00],
        [0x80, 0x80, 0x80, 0x80, 0x80],
      ] as [[UInt8]] {
        forms[place] = wrong
        #expect(error(numbered(forms.flatMap { $0 })) == .nonCanonicalNumber, "\(place) \(wrong)")
      }
    }
  }

  @Test("More covers than bytes of the new image, or regions than bytes of the old one, contradict")
  func counts() {
    #expect(error(numbered([3, 4, 0, 4, 3])) == nil)
    #expect(error(numbered([3, 4, 0, 5, 3])) == .corruptStream)
    #expect(error(numbered([3, 4, 0, 4, 4])) == .corruptStream)
    #expect(error(numbered([3, 4, 4, 0, 0], coder: 1, slotBits: 0)) == nil)
    #expect(error(numbered([3, 4, 5, 0, 0], coder: 1, slotBits: 0)) == .corruptStream)
    #expect(error(numbered([3, 4, 4, 1, 0], coder: 1, slotBits: 0)) == .corruptStream)
    #expect(error(numbered([3, 4, 4, 0, 1], coder: 1, slotBits: 0)) == .corruptStream)
  }

  @Test("Random bytes are a header, an error, or too few")
  func random() throws {
    var generator = SeededGenerator(for: "NativeHeaderTests.random")
    for _ in 0..<3000 {
      var bytes = NativeHeaderTests.bytes
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        bytes[Int.random(in: 4..<bytes.count, using: &generator)] = UInt8.random(
          in: 0...255, using: &generator)
      }
      guard error(bytes) == nil, let parsed = try NativeHeader.parse(bytes.span) else { continue }
      #expect(parsed.header.serialized == Array(bytes.prefix(parsed.count)))
      _ = NativeDecoder.memoryRequirement(of: parsed.header)
    }
  }

  @Test("The memory is what the document says")
  func memory() {
    func requirement(_ change: (inout NativeHeader) -> Void) -> UInt64 {
      var header = NativeHeaderTests.header
      header.slotBits = 8
      header.matchBits = 0
      header.architecture = .none
      header.coverCount = 0
      header.regionCount = 0
      change(&header)
      return NativeDecoder.memoryRequirement(of: header)
    }
    // 256 slots, 128 words of learned targets, 32 of pages, 216 weights, 1,320 cells of trust, 512 + 256 bytes.
    let least: UInt64 = (256 + 128 + 32 + 216) * 4 + 1320 + 512 + 256
    #expect(requirement { _ in } == least)
    #expect(requirement { $0.architecture = .thumb } == least)
    #expect(requirement { $0.coverCount = 3 } == least + 48)
    #expect(requirement { $0.regionCount = 3 } == least + 16)
    #expect(requirement { $0.slotBits = 13 } == least + (8192 - 256 + 2048 - 128 + 512 - 32) * 4)
    // Both images, and a table of 1,024 words, for a window of 512 bytes.
    #expect(
      requirement {
        $0.matchBits = 10
        $0.oldSize = 1001
        $0.newSize = 1000
      } == least + 4096 + 2004 - 512)
    let large: UInt64 = (16384 + 4096 + 1024 + 216) * 4 + 5120 * 2 + 1320 + 4096 + 4096
    #expect(requirement { $0.slotBits = 14 } == large)
    #expect(
      requirement {
        $0.slotBits = 14
        $0.architecture = .thumb
      } == large + 4096)
    #expect(requirement { $0.coverCount = .max } == least + 16 * UInt64(UInt32.max))
    #expect(requirement { $0.regionCount = .max } == least + 5 * UInt64(UInt32.max) + 1 - 0)
    #expect(
      requirement {
        $0.coder = .stored
        $0.slotBits = 0
      } == 0)
  }
}
