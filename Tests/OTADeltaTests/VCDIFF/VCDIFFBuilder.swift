import OTACore
import OTADelta
import OTADeltaVCDIFF
import Testing

@testable import OTADeltaEncoder

/// Writes windows of VCDIFF byte by byte, right and wrong ones, by RFC 3284 and not by the code under test.
struct VCDIFFWindow {
  /// The window indicator.
  var indicator: UInt8 = 0
  var segment: (size: Int, position: Int)?
  var targetSize = 0
  var deltaIndicator: UInt8 = 0
  var data: [UInt8] = []
  var instructions: [UInt8] = []
  var addresses: [UInt8] = []
  var checksum: [UInt8] = []
  /// What is added to the true length of the delta.
  var lie = 0

  static func integer(_ value: Int) -> [UInt8] {
    var bytes = [UInt8(value & 0x7f)]
    var rest = value >> 7
    while rest > 0 {
      bytes.insert(UInt8(rest & 0x7f) | 0x80, at: 0)
      rest >>= 7
    }
    return bytes
  }

  var bytes: [UInt8] {
    var delta = VCDIFFWindow.integer(targetSize) + [deltaIndicator]
    for section in [data, instructions, addresses] { delta += VCDIFFWindow.integer(section.count) }
    delta += checksum + data + instructions + addresses
    var bytes = [indicator]
    if let segment {
      bytes += VCDIFFWindow.integer(segment.size) + VCDIFFWindow.integer(segment.position)
    }
    return bytes + VCDIFFWindow.integer(delta.count + lie) + delta
  }

  /// A window of new bytes only.
  static func adding(_ bytes: [UInt8]) -> VCDIFFWindow {
    VCDIFFWindow(targetSize: bytes.count, data: bytes, instructions: [1] + integer(bytes.count))
  }
}

/// The header of a file, with nothing in it.
let vcdiffHeader: [UInt8] = [0xd6, 0xc3, 0xc4, 0, 0]

/// A whole patch.
func vcdiff(_ windows: VCDIFFWindow...) -> [UInt8] {
  vcdiffHeader + windows.flatMap(\.bytes)
}

/// The size of the image that a patch makes.
func vcdiffImageSize(_ patch: [UInt8]) throws -> Int {
  Int(try VCDIFFFormat.imageSize(of: patch.span))
}

/// Applies a patch from memory to memory.
func applyVCDIFF(
  _ patch: [UInt8], to old: [UInt8], imageSize: Int, limits: Limits = Limits(), chunking: Chunking = .whole
) throws -> Outcome {
  var decoder = try VCDIFFDecoder(
    imageSize: UInt32(imageSize), sourceSize: UInt32(old.count), limits: limits)
  return try drive(&decoder, patch, old: old, chunking: chunking)
}

/// What a row of the table of RFC 3284, section 5.6 says.
struct VCDIFFTableRow {
  var first: VCDIFFInstruction.Kind
  var firstSizes: [UInt8]
  var firstModes: ClosedRange<UInt8> = 0...0
  var second = VCDIFFInstruction.Kind.none
  var secondSizes: [UInt8] = [0]
  var secondMode: UInt8 = 0
  var indexes: ClosedRange<Int>

  /// The 21 rows, as they stand there.
  static let all: [VCDIFFTableRow] = {
    let copySizes: [UInt8] = [0] + Array(4...18)
    return [
      VCDIFFTableRow(first: .run, firstSizes: [0], indexes: 0...0),
      VCDIFFTableRow(first: .add, firstSizes: [0] + Array(1...17), indexes: 1...18),
      VCDIFFTableRow(first: .copy, firstSizes: copySizes, firstModes: 0...0, indexes: 19...34),
      VCDIFFTableRow(first: .copy, firstSizes: copySizes, firstModes: 1...1, indexes: 35...50),
      VCDIFFTableRow(first: .copy, firstSizes: copySizes, firstModes: 2...2, indexes: 51...66),
      VCDIFFTableRow(first: .copy, firstSizes: copySizes, firstModes: 3...3, indexes: 67...82),
      VCDIFFTableRow(first: .copy, firstSizes: copySizes, firstModes: 4...4, indexes: 83...98),
      VCDIFFTableRow(first: .copy, firstSizes: copySizes, firstModes: 5...5, indexes: 99...114),
      VCDIFFTableRow(first: .copy, firstSizes: copySizes, firstModes: 6...6, indexes: 115...130),
      VCDIFFTableRow(first: .copy, firstSizes: copySizes, firstModes: 7...7, indexes: 131...146),
      VCDIFFTableRow(first: .copy, firstSizes: copySizes, firstModes: 8...8, indexes: 147...162),
      double(mode: 0, copies: [4, 5, 6], 163...174),
      double(mode: 1, copies: [4, 5, 6], 175...186),
      double(mode: 2, copies: [4, 5, 6], 187...198),
      double(mode: 3, copies: [4, 5, 6], 199...210),
      double(mode: 4, copies: [4, 5, 6], 211...222),
      double(mode: 5, copies: [4, 5, 6], 223...234),
      double(mode: 6, copies: [4], 235...238),
      double(mode: 7, copies: [4], 239...242),
      double(mode: 8, copies: [4], 243...246),
      VCDIFFTableRow(
        first: .copy, firstSizes: [4], firstModes: 0...8, second: .add, secondSizes: [1], indexes: 247...255),
    ]
  }()

  private static func double(mode: UInt8, copies: [UInt8], _ indexes: ClosedRange<Int>) -> VCDIFFTableRow {
    VCDIFFTableRow(
      first: .add, firstSizes: [1, 2, 3, 4], second: .copy, secondSizes: copies, secondMode: mode,
      indexes: indexes)
  }

  /// The codes of the row: sizes of the second instruction change fastest, modes slowest.
  var codes: [VCDIFFCode] {
    firstModes.flatMap { mode in
      firstSizes.flatMap { size in
        secondSizes.map { secondSize in
          VCDIFFCode(
            VCDIFFInstruction(first, size: size, mode: mode),
            VCDIFFInstruction(second, size: secondSize, mode: secondMode))
        }
      }
    }
  }
}

/// What instructions do, in the plainest way: the model that the decoder is held against.
struct VCDIFFModel {
  /// The segment, and the window behind it.
  private(set) var space: [UInt8]
  private(set) var near = [0, 0, 0, 0]
  private(set) var nextSlot = 0
  private(set) var same = [Int](repeating: 0, count: 768)
  var window: VCDIFFWindow
  private let segmentSize: Int

  init(segment: [UInt8], position: Int, indicator: UInt8) {
    space = segment
    segmentSize = segment.count
    window = VCDIFFWindow(
      indicator: indicator, segment: indicator == 0 ? nil : (size: segment.count, position: position))
  }

  var made: [UInt8] { Array(space[segmentSize...]) }

  /// Appends a code with random sizes, bytes and addresses; returns false if no address of its mode is possible.
  mutating func append(_ index: Int, _ code: VCDIFFCode, using generator: inout SeededGenerator) -> Bool {
    let backup = self
    window.instructions.append(UInt8(index))
    for half in [code.first, code.second] where half.kind != .none {
      guard append(half, using: &generator) else {
        self = backup
        return false
      }
    }
    window.targetSize = made.count
    return true
  }

  private mutating func append(_ half: VCDIFFInstruction, using generator: inout SeededGenerator) -> Bool {
    var size = Int(half.size)
    if size == 0 {
      size = [1, 2, 19, 127, 128, 300].randomElement(using: &generator) ?? 1
    }
    var isSizeWritten = half.size != 0
    func writeSize(_ window: inout VCDIFFWindow) {
      if !isSizeWritten { window.instructions += VCDIFFWindow.integer(size) }
      isSizeWritten = true
    }
    switch half.kind {
    case .none:
      return true
    case .add:
      let bytes = generator.bytes(size)
      window.data += bytes
      space += bytes
    case .run:
      let byte = generator.bytes(1)[0]
      window.data.append(byte)
      space += [UInt8](repeating: byte, count: size)
    case .copy:
      guard let (address, written) = address(half.mode, size, using: &generator) else { return false }
      if half.size == 0, address < segmentSize { size = min(size, segmentSize - address) }
      window.addresses += written
      // Byte by byte: what was just made may be copied as well.
      for offset in 0..<size { space.append(space[address + offset]) }
      near[nextSlot] = address
      nextSlot = (nextSlot + 1) % 4
      same[address % 768] = address
    }
    writeSize(&window)
    return true
  }

  /// A place that a mode can say, where `size` bytes do not leave the segment, and how it is written.
  private func address(
    _ mode: UInt8, _ size: Int, using generator: inout SeededGenerator
  ) -> (address: Int, written: [UInt8])? {
    let here = space.count
    var places: [Int] = []
    switch mode {
    case 0, 1: places = Array(0..<here)
    case 2...5: places = Array(min(near[Int(mode) - 2], here)..<here)
    default: places = same[(Int(mode) - 6) * 256..<(Int(mode) - 5) * 256].filter { $0 < here }
    }
    places.removeAll { $0 < segmentSize && min(size, 18) > segmentSize - $0 }
    guard let address = places.randomElement(using: &generator) else { return nil }
    switch mode {
    case 0: return (address, VCDIFFWindow.integer(address))
    case 1: return (address, VCDIFFWindow.integer(here - address))
    case 2...5: return (address, VCDIFFWindow.integer(address - near[Int(mode) - 2]))
    default:
      let block = (Int(mode) - 6) * 256
      guard let slot = (0..<256).first(where: { same[block + $0] == address }) else { return nil }
      return (address, [UInt8(slot)])
    }
  }
}
