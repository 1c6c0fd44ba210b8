import OTACore

/// How a compressed stream is made again from its content: library, function and parameters.
///
/// Method and content give the same bytes on every machine with the same version of the library; other versions may
/// differ, which is what probes are for.
public enum CompressionMethod: Equatable, Hashable, Sendable {
  /// zlib's `deflate`.
  case zlib(level: UInt8, memoryLevel: UInt8, strategy: UInt8, windowBits: UInt8, isWrapped: Bool)
  /// libzopfli's `ZopfliCompress` to a raw stream.
  case zopfli(iterations: UInt8, splitsBlocks: Bool, maximumBlocks: UInt8)
  /// liblzma's `lzma_stream_buffer_encode`: a preset with some of its options changed.
  case xz(XZOptions)
  /// libzstd's `ZSTD_compressCCtx` at a level.
  case zstd(level: UInt8)

  /// The options of ``xz(_:)``, most of which stand in the headers of a file.
  public struct XZOptions: Equatable, Hashable, Sendable {
    /// From 0 to 9.
    public var preset: UInt8
    /// Whether the preset is the "extreme" one.
    public var isExtreme: Bool
    /// The code of the size of the dictionary in the file: from 0 to 38.
    public var dictionaryCode: UInt8
    /// lc + 9 (lp + 5 pb), as the file has it.
    public var properties: UInt8
    /// The identifier of a branch filter before LZMA2, from 4 to 9; 0 is none.
    public var branchFilter: UInt8
    /// The kind of checksum: 0, 1, 4 or 10.
    public var check: UInt8

    /// Makes options from their parts.
    public init(
      preset: UInt8, isExtreme: Bool, dictionaryCode: UInt8, properties: UInt8, branchFilter: UInt8,
      check: UInt8
    ) {
      self.preset = preset
      self.isExtreme = isExtreme
      self.dictionaryCode = dictionaryCode
      self.properties = properties
      self.branchFilter = branchFilter
      self.check = check
    }

    /// The size of the dictionary in bytes.
    var dictionarySize: UInt32 { (2 | UInt32(dictionaryCode & 1)) << UInt32(dictionaryCode / 2 + 11) }
    /// What `properties` says.
    var literalContextBits: UInt32 { UInt32(properties % 9) }
    /// What `properties` says.
    var literalPositionBits: UInt32 { UInt32(properties / 9 % 5) }
    /// What `properties` says.
    var positionBits: UInt32 { UInt32(properties / 45) }

    /// Whether every field is in its range, and the dictionary at most 64 MiB.
    var isValid: Bool {
      preset <= 9 && dictionaryCode <= 28 && properties < 225 && literalContextBits + literalPositionBits <= 4
        && (branchFilter == 0 || (4...9).contains(branchFilter)) && [0, 1, 4, 10].contains(check)
    }
  }

  /// The format of what the method makes.
  public var format: StreamFormat {
    switch self {
    case .zlib(_, _, _, _, let isWrapped): isWrapped ? .zlib : .deflate
    case .zopfli: .deflate
    case .xz: .xz
    case .zstd: .zstd
    }
  }

  /// Whether every parameter is in the range that recipes allow.
  var isValid: Bool {
    switch self {
    case .zlib(let level, let memoryLevel, let strategy, let windowBits, _):
      // zlib makes no raw stream with a window of 2^8.
      (1...9).contains(level) && (1...9).contains(memoryLevel) && strategy <= 4
        && (9...15).contains(windowBits)
    case .zopfli(let iterations, _, _): (1...100).contains(iterations)
    case .xz(let options): options.isValid
    case .zstd(let level): (1...22).contains(level)
    }
  }

  /// Appends the method as recipes have it.
  func write(to bytes: inout [UInt8]) {
    switch self {
    case .zlib(let level, let memoryLevel, let strategy, let windowBits, let isWrapped):
      bytes += [1, level, memoryLevel, strategy, windowBits, isWrapped ? 1 : 0]
    case .zopfli(let iterations, let splitsBlocks, let maximumBlocks):
      bytes += [2, iterations, splitsBlocks ? 1 : 0, maximumBlocks]
    case .xz(let options):
      bytes += [3, options.preset, options.isExtreme ? 1 : 0, options.dictionaryCode, options.properties]
      bytes += [options.branchFilter, options.check]
    case .zstd(let level):
      bytes += [4, level]
    }
  }

  /// Reads a method.
  ///
  /// - Throws: kind ``ParseError/Kind/unsupported`` for an unknown library, ``ParseError/Kind/invalidValue`` for a
  ///   parameter outside its range, ``ParseError/Kind/truncated``.
  init(_ cursor: inout ByteCursor) throws(ParseError) {
    let start = cursor.offset
    func flag(_ cursor: inout ByteCursor) throws(ParseError) -> Bool {
      let offset = cursor.offset
      let byte = try cursor.readByte()
      guard byte <= 1 else { throw ParseError(.invalidValue, at: offset) }
      return byte == 1
    }
    switch try cursor.readByte() {
    case 1:
      self = .zlib(
        level: try cursor.readByte(), memoryLevel: try cursor.readByte(), strategy: try cursor.readByte(),
        windowBits: try cursor.readByte(), isWrapped: try flag(&cursor))
    case 2:
      self = .zopfli(
        iterations: try cursor.readByte(), splitsBlocks: try flag(&cursor),
        maximumBlocks: try cursor.readByte())
    case 3:
      self = .xz(
        XZOptions(
          preset: try cursor.readByte(), isExtreme: try flag(&cursor), dictionaryCode: try cursor.readByte(),
          properties: try cursor.readByte(), branchFilter: try cursor.readByte(), check: try cursor.readByte()
        ))
    case 4:
      self = .zstd(level: try cursor.readByte())
    case _:
      throw ParseError(.unsupported, at: start)
    }
    guard isValid else { throw ParseError(.invalidValue, at: start) }
  }
}
