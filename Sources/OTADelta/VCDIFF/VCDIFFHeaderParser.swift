import OTADelta

/// The header of a window, as the patch says it; lengths are below 2^35, and held against nothing but each other.
struct VCDIFFWindowHeader {
  /// Bits of ``VCDIFFFormat/Window``.
  var indicator: UInt8 = 0
  /// How many bytes the segment has that copies come from.
  var segmentSize = 0
  /// Where the segment begins in the old image or in the new one.
  var segmentPosition = 0
  /// How many bytes of the new image the window makes.
  var targetSize = 0
  /// Bits of ``VCDIFFFormat/Delta``.
  var deltaIndicator: UInt8 = 0
  /// The sizes of the sections, as they stand in the patch.
  var sections = VCDIFFSectionSizes(data: 0, instructions: 0, addresses: 0)
  /// The Adler-32 of the window, if the patch has it.
  var checksum: UInt32?
}

/// Reads the header of the file and those of the windows, byte by byte.
struct VCDIFFHeaderParser {
  private enum Field: UInt8 {
    case magic, indicator, compressor, applicationSize, application
    case windowIndicator, segmentSize, segmentPosition
    case deltaSize, targetSize, deltaIndicator, dataSize, instructionsSize, addressesSize, checksum
  }

  private var field = Field.magic
  /// How many bytes of the field of fixed size are missing.
  private var left = 4
  private var integer = VCDIFFIntegerParser()
  private var headerIndicator: UInt8 = 0
  private var deltaSize = 0
  /// How many bytes of the header count as part of the delta.
  private var deltaHeaderSize = 0
  private var checksum: UInt32 = 0

  /// What was read of the current window.
  private(set) var window = VCDIFFWindowHeader()
  /// Whether sections may be compressed once more.
  private(set) var hasSecondaryCompression = false

  /// Whether the header of the file is complete, and none of a window was begun.
  var isBetweenWindows: Bool { field == .windowIndicator }

  /// Takes a byte.
  ///
  /// - Returns: whether it was the last one of the header of a window: then ``window`` is complete, its sections follow,
  ///   and behind those the parser goes on with the next window.
  /// - Throws: ``DeltaError/unsupportedFormat``, ``DeltaError/unsupportedCompression``,
  ///   ``DeltaError/nonCanonicalNumber``, or ``DeltaError/corruptStream`` for bits without a meaning and for sizes that
  ///   contradict each other.
  mutating func take(_ byte: UInt8) throws(DeltaError) -> Bool {
    switch field {
    case .magic:
      guard byte == VCDIFFFormat.magic[4 - left] else { throw .unsupportedFormat }
      left -= 1
      if left == 0 { field = .indicator }
    case .indicator:
      try takeIndicator(byte)
    case .compressor:
      guard byte == VCDIFFFormat.xzCompressor else { throw .unsupportedCompression }
      hasSecondaryCompression = true
      field = headerIndicator & VCDIFFFormat.Header.application != 0 ? .applicationSize : .windowIndicator
    case .applicationSize:
      guard let size = try integer.take(byte) else { return false }
      guard size <= VCDIFFFormat.maximumApplicationHeaderSize else { throw .unsupportedFormat }
      left = size
      field = size > 0 ? .application : .windowIndicator
    case .application:
      left -= 1
      if left == 0 { field = .windowIndicator }
    case .windowIndicator, .segmentSize, .segmentPosition:
      try takeSegment(byte)
    case .deltaSize, .targetSize, .deltaIndicator, .dataSize, .instructionsSize, .addressesSize, .checksum:
      return try takeDelta(byte)
    }
    return false
  }

  private mutating func takeIndicator(_ byte: UInt8) throws(DeltaError) {
    let known = VCDIFFFormat.Header.secondary | VCDIFFFormat.Header.application
    // A code table of its own has a bit that is known, and is refused in the same way.
    guard byte & ~known == 0 else { throw .unsupportedFormat }
    headerIndicator = byte
    if byte & VCDIFFFormat.Header.secondary != 0 {
      field = .compressor
    } else {
      field = byte & VCDIFFFormat.Header.application != 0 ? .applicationSize : .windowIndicator
    }
  }

  private mutating func takeSegment(_ byte: UInt8) throws(DeltaError) {
    if field == .windowIndicator {
      let segment = VCDIFFFormat.Window.source | VCDIFFFormat.Window.target
      guard byte & ~(segment | VCDIFFFormat.Window.checksum) == 0, byte & segment != segment else {
        throw .corruptStream
      }
      window = VCDIFFWindowHeader()
      window.indicator = byte
      deltaHeaderSize = 0
      field = byte & segment != 0 ? .segmentSize : .deltaSize
      return
    }
    guard let value = try integer.take(byte) else { return }
    if field == .segmentSize {
      window.segmentSize = value
      field = .segmentPosition
    } else {
      window.segmentPosition = value
      field = .deltaSize
    }
  }

  private mutating func takeDelta(_ byte: UInt8) throws(DeltaError) -> Bool {
    if field != .deltaSize { deltaHeaderSize += 1 }
    switch field {
    case .deltaSize:
      guard let value = try integer.take(byte) else { return false }
      deltaSize = value
      field = .targetSize
    case .targetSize:
      guard let value = try integer.take(byte) else { return false }
      window.targetSize = value
      field = .deltaIndicator
    case .deltaIndicator:
      let known =
        hasSecondaryCompression
        ? VCDIFFFormat.Delta.data | VCDIFFFormat.Delta.instructions | VCDIFFFormat.Delta.addresses : 0
      guard byte & ~known == 0 else { throw .corruptStream }
      window.deltaIndicator = byte
      field = .dataSize
    case .dataSize:
      guard let value = try integer.take(byte) else { return false }
      window.sections.data = value
      field = .instructionsSize
    case .instructionsSize:
      guard let value = try integer.take(byte) else { return false }
      window.sections.instructions = value
      field = .addressesSize
    case .addressesSize:
      guard let value = try integer.take(byte) else { return false }
      window.sections.addresses = value
      guard window.indicator & VCDIFFFormat.Window.checksum != 0 else { return try endWindow() }
      field = .checksum
      left = 4
    case .checksum:
      checksum = checksum << 8 | UInt32(byte)
      left -= 1
      guard left == 0 else { return false }
      window.checksum = checksum
      return try endWindow()
    case .magic, .indicator, .compressor, .applicationSize, .application, .windowIndicator, .segmentSize,
      .segmentPosition:
      preconditionFailure("not a field of the delta")
    }
    return false
  }

  private mutating func endWindow() throws(DeltaError) -> Bool {
    guard deltaSize == deltaHeaderSize + window.sections.sum else { throw .corruptStream }
    field = .windowIndicator
    return true
  }
}
