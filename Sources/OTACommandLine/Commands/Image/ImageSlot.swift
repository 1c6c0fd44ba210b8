import OTACore
import OTAPartition

/// The slot that an image is made for, and the trailer at its end.
struct ImageSlot: Equatable, Sendable {
  private let size: UInt32
  private let layout: MCUbootTrailerLayout
  /// How many bytes the boot loader needs at the end of the slot.
  private let trailerSize: UInt32
  private let maximumAlignment: UInt32
  private let overwrites: Bool
  private let isPadded: Bool
  private let isConfirmed: Bool
  private let erasedByte: UInt8

  /// Takes the options of a slot; `nil` without `--slot-size`.
  ///
  /// - Parameters:
  ///   - arguments: of the command.
  ///   - erasedByte: what erased flash reads.
  /// - Throws: a usage error; also if an option needs `--slot-size`, and it is not there.
  init?(from arguments: inout ArgumentCursor, erasedByte: UInt8) throws(UsageError) {
    let align = try arguments.number("--align", in: 1...32) ?? 1
    guard align & (align - 1) == 0 else {
      throw .invalidValue(name: "--align", value: "\(align)", expected: "1, 2, 4, 8, 16 or 32")
    }
    let maximum = try arguments.number("--max-align", in: 1...32) ?? max(8, align)
    guard [8, 16, 32].contains(maximum), maximum >= align else {
      throw .invalidValue(
        name: "--max-align", value: "\(maximum)", expected: "8, 16 or 32, and at least --align")
    }
    let sectors = try arguments.number("--max-sectors", in: 1...0xffff) ?? 128
    overwrites = try arguments.flag("--overwrite-only")
    maximumAlignment = maximum
    let isConfirmed = try arguments.flag("--confirm")
    isPadded = try arguments.flag("--pad") || isConfirmed
    guard let size = try arguments.number("--slot-size", in: 1...UInt32(Int32.max)) else {
      guard !isPadded else { throw .missingOption("--slot-size") }
      return nil
    }
    // What `imgtool` reserves: progress of a swap, four fields and the magic number, or without a swap two fields.
    let magicSize = max(16, maximum)
    trailerSize = overwrites ? 2 * maximum + magicSize : sectors * 3 * align + 4 * maximum + magicSize
    guard size > trailerSize, let layout = Self.layout(size: size, align: align, maximum: maximum) else {
      throw .invalidValue(
        name: "--slot-size", value: "\(size)",
        expected: "a multiple of \(maximum) and more than the \(trailerSize) bytes of the trailer")
    }
    self.layout = layout
    self.size = size
    self.isConfirmed = isConfirmed && !overwrites
    self.erasedByte = erasedByte
  }

  private static func layout(size: UInt32, align: UInt32, maximum: UInt32) -> MCUbootTrailerLayout? {
    guard
      let geometry = try? FlashGeometry(
        eraseBlockSize: maximum, blockCount: max(1, size / maximum), writeSize: align)
    else { return nil }
    return try? MCUbootTrailerLayout(slot: 0..<size, maximumAlignment: maximum, on: geometry)
  }

  /// Pads an image and writes the trailer, if that was asked for.
  ///
  /// - Parameters:
  ///   - bytes: the image.
  ///   - path: where its firmware came from.
  ///   - keySize: what the boot loader keeps of the key of an encrypted image, twice, for as long as it swaps.
  /// - Throws: status ``ExitStatus/failed`` if the image does not fit.
  func finish(_ bytes: inout [UInt8], path: String, keySize: UInt32?) throws(CommandFailure) {
    var trailerSize = trailerSize
    if let keySize, !overwrites {
      trailerSize += 2 * ((keySize + maximumAlignment - 1) / maximumAlignment * maximumAlignment)
    }
    guard bytes.count <= Int(size) - Int(trailerSize) else {
      throw CommandFailure(
        path,
        why: "the image of \(bytes.count) bytes and a trailer of \(trailerSize) do not fit \(size) bytes",
        remedy: "make the firmware smaller, or check --slot-size, --align and --max-sectors",
        code: .imageTooLarge)
    }
    guard isPadded else { return }
    bytes += [UInt8](repeating: erasedByte, count: Int(size) - bytes.count)
    let magic = layout.magicBytes
    for index in 0..<16 { bytes[Int(layout.magic) + index] = magic[index] }
    if isConfirmed { bytes[Int(layout.imageOK)] = 1 }
  }
}

/// The list of dependencies as `imgtool` takes it: `(1,1.2.3+4),(2,1.0.0)`.
enum ImageDependencies {
  /// Reads a list.
  ///
  /// - Throws: a usage error for anything but such a list, and for more than an image may have.
  static func parse(_ text: String, name: String) throws(UsageError) -> [MCUbootDependency] {
    let error = UsageError.invalidValue(
      name: name, value: text,
      expected:
        "a list such as (1,1.2.3+4),(2,1.0.0) of at most \(MCUbootContents.maximumDependencyCount)")
    var rest = text.filter { $0 != " " }[...]
    var dependencies: [MCUbootDependency] = []
    while true {
      guard rest.first == "(", let end = rest.firstIndex(of: ")") else { throw error }
      let parts = rest[rest.index(after: rest.startIndex)..<end].split(
        separator: ",", omittingEmptySubsequences: false)
      guard parts.count == 2, let image = UInt8(parts[0]), let version = MCUbootVersion(String(parts[1])),
        dependencies.count < MCUbootContents.maximumDependencyCount
      else { throw error }
      dependencies.append(MCUbootDependency(image: image, minimumVersion: version))
      rest = rest[rest.index(after: end)...]
      guard !rest.isEmpty else { return dependencies }
      guard rest.removeFirst() == "," else { throw error }
    }
  }
}

extension ArgumentCursor {
  /// Takes an option whose value is a number, decimal or hexadecimal.
  ///
  /// - Parameters:
  ///   - name: the name with its dashes.
  ///   - range: what it may be.
  /// - Returns: the number, or `nil` if the option is not there.
  /// - Throws: a usage error.
  mutating func number(_ name: String, in range: ClosedRange<UInt32>) throws(UsageError) -> UInt32? {
    guard let text = try option(name) else { return nil }
    guard let number = UInt32(number: text), range.contains(number) else {
      throw .invalidValue(
        name: name, value: text, expected: "a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }
}
