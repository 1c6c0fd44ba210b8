import OTADelta
import OTADeltaLZMA
import OTADeltaZstd
import Testing

@testable import OTADelta
@testable import OTADeltaEncoder
@testable import OTADeltaStreams

@Suite("The table of streams")
struct StreamTableTests {
  private static let header = NativeHeader(
    coder: .streams, architecture: .none, slotBits: 0, matchBits: 0, oldSize: 1000, newSize: 900,
    bodySize: 1000,
    coverCount: 10, regionCount: 0, oldDigest: InlineArray(repeating: 0), newDigest: InlineArray(repeating: 0)
  )

  private static let table = StreamTable(
    covers: StreamHeader(storing: 30),
    runs: StreamHeader(method: .zstd, windowBits: 10, rawSize: 400, packedSize: 200),
    differences: StreamHeader(method: .lzma, windowBits: 12, rawSize: 300, packedSize: 150),
    extra: StreamHeader(method: .zstd, windowBits: 30, rawSize: 900, packedSize: 603))

  /// What comes of a table before a body with so many bytes behind it.
  private func error(_ bytes: [UInt8], bodySize: UInt32? = nil) -> DeltaError? {
    var header = StreamTableTests.header
    if let bodySize { header.bodySize = bodySize }
    do throws(DeltaError) {
      _ = try StreamTable.parse(bytes.span, header: header)
      return nil
    } catch {
      return error
    }
  }

  @Test("A table is read as it was written, and asks for more wherever it is cut")
  func roundTrip() throws {
    let bytes = StreamTableTests.table.serialized
    #expect(bytes.count == 17)
    let parsed = try StreamTable.parse((bytes + [1, 2, 3]).span, header: StreamTableTests.header)
    #expect(parsed?.table == StreamTableTests.table)
    #expect(parsed?.count == bytes.count)
    for count in bytes.indices {
      #expect(try StreamTable.parse(bytes.span.extracting(0..<count), header: StreamTableTests.header) == nil)
    }
  }

  @Test("A table that is longer than the body contradicts it")
  func longerThanBody() {
    let bytes = StreamTableTests.table.serialized
    #expect(error(Array(bytes.prefix(5)), bodySize: 5) == .corruptStream)
    #expect(error(Array(bytes.prefix(5)), bodySize: 6) == nil)
  }

  @Test("Sizes that contradict each other or the header")
  func sizes() {
    let changes: [(inout StreamTable) -> Void] = [
      { $0.extra.packedSize += 1 }, { $0.extra.packedSize -= 1 }, { $0.covers.rawSize = 151 },
      { $0.runs.rawSize = 3001 }, { $0.differences.rawSize = 901 }, { $0.extra.rawSize = 901 },
      { $0.extra.packedSize = .max },
    ]
    #expect(error(StreamTableTests.table.serialized) == nil)
    for (index, change) in changes.enumerated() {
      var table = StreamTableTests.table
      change(&table)
      #expect(error(table.serialized) == .corruptStream, "\(index)")
    }
  }

  @Test(
    "Methods and windows",
    arguments: [
      (0, 0, nil), (0, 1, .corruptStream), (0, 63, .corruptStream), (1, 11, .corruptStream), (1, 12, nil),
      (1, 30, nil), (1, 31, .corruptStream), (2, 9, .corruptStream), (2, 10, nil), (2, 30, nil),
      (2, 31, .corruptStream), (2, 63, .corruptStream), (3, 0, .unsupportedCompression),
      (3, 20, .unsupportedCompression),
    ] as [(UInt8, UInt8, DeltaError?)])
  func methods(method: UInt8, windowBits: UInt8, expected: DeltaError?) {
    // The first of four streams, all of them empty.
    let start = [method | windowBits << 2, 0] + (method == 0 ? [] : [0])
    let bytes = start + [0, 0, 0, 0, 0, 0]
    #expect(error(bytes, bodySize: UInt32(bytes.count)) == expected)
  }

  @Test("Numbers have one form, and 32 bits")
  func numbers() {
    for wrong in [[0x80, 0x00], [0xff, 0xff, 0xff, 0xff, 0x10], [0x80, 0x80, 0x80, 0x80, 0x80]] as [[UInt8]] {
      #expect(error([0] + wrong) == .nonCanonicalNumber)
      #expect(error([0, 1, 2 | 12 << 2, 5] + wrong) == .nonCanonicalNumber)
    }
  }

  @Test("The memory is what the document says, and no less than the libraries take")
  func memory() throws {
    let table = StreamTableTests.table
    let window: UInt64 = 1 << 30
    #expect(
      table.memoryRequirement(header: StreamTableTests.header)
        == 30 + 400 + 300 + 12 * 10 + 128 << 10 + window + 576 << 10)
    for bits in StreamHeader.windowBits(of: .lzma) {
      let parameters = try LZMAParameters(
        literalContextBits: 3, literalPositionBits: 0, positionBits: 0, dictionarySize: 1 << UInt32(bits))
      let header = StreamHeader(method: .lzma, windowBits: bits, rawSize: 1, packedSize: 1)
      #expect(parameters.decoderMemory <= header.decompressorMemory, "\(bits)")
    }
    #expect(StreamHeader(storing: .max).decompressorMemory == 0)
  }
}
