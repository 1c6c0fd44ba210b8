import OTADelta

/// How long the sections of a window are, which stand one behind the other.
struct VCDIFFSectionSizes {
  /// The new bytes.
  var data: Int
  /// The instruction codes.
  var instructions: Int
  /// The addresses.
  var addresses: Int

  /// All of them.
  var sum: Int { data + instructions + addresses }

  /// Whether instructions that make `targetSize` bytes can use up sections as long as these.
  ///
  /// Each instruction makes a byte at least: of new bytes there are no more than that, of codes and sizes not more
  /// than six bytes for each, of addresses five. Without this a few packed bytes would be work without end.
  func arePlausible(for targetSize: Int) -> Bool {
    data <= targetSize && instructions <= targetSize * (1 + VCDIFFFormat.maximumIntegerSize)
      && addresses <= targetSize * VCDIFFFormat.maximumIntegerSize
  }
}

/// Decompresses the sections of a window that are compressed once more.
struct VCDIFFUnpacker: ~Copyable {
  /// The unpacked sections of the last window, one behind the other.
  private(set) var bytes = VCDIFFBuffer()
  private var data = SectionUnpacker()
  private var instructions = SectionUnpacker()
  private var addresses = SectionUnpacker()

  /// Gives ``bytes`` back.
  mutating func releaseBytes() {
    bytes = VCDIFFBuffer()
  }

  /// Unpacks all sections of a window into ``bytes``; those that are not packed are copied.
  ///
  /// - Parameters:
  ///   - sections: as they stand in the patch, one behind the other.
  ///   - window: their sizes, and which of them are packed.
  ///   - memory: what ``bytes`` and the decompressors may take together.
  /// - Returns: the sizes in ``bytes``.
  /// - Throws: ``DeltaError/corruptStream``, ``DeltaError/nonCanonicalNumber`` or ``DeltaError/memoryExceeded``.
  mutating func unpack(
    _ sections: borrowing VCDIFFBuffer, _ window: VCDIFFWindowHeader, memory: Int
  ) throws(DeltaError) -> VCDIFFSectionSizes {
    var all = VCDIFFSection(sections.span(0..<window.sections.sum))
    var packedData = VCDIFFSection(try all.readBytes(window.sections.data))
    var packedInstructions = VCDIFFSection(try all.readBytes(window.sections.instructions))
    var packedAddresses = VCDIFFSection(try all.readBytes(window.sections.addresses))
    let hasData = window.deltaIndicator & VCDIFFFormat.Delta.data != 0
    let hasInstructions = window.deltaIndicator & VCDIFFFormat.Delta.instructions != 0
    let hasAddresses = window.deltaIndicator & VCDIFFFormat.Delta.addresses != 0
    let sizes = VCDIFFSectionSizes(
      data: hasData ? try packedData.readInteger() : window.sections.data,
      instructions: hasInstructions ? try packedInstructions.readInteger() : window.sections.instructions,
      addresses: hasAddresses ? try packedAddresses.readInteger() : window.sections.addresses)
    guard sizes.arePlausible(for: window.targetSize) else { throw .corruptStream }
    guard sizes.sum <= memory else { throw .memoryExceeded }
    if bytes.capacity < sizes.sum || bytes.capacity > memory {
      bytes = VCDIFFBuffer()
      bytes = VCDIFFBuffer(capacity: sizes.sum)
    }
    let left = memory - bytes.capacity
    let first = sizes.data
    let second = first + sizes.instructions
    try data.place(
      try packedData.readBytes(packedData.remaining), isPacked: hasData, 0..<first, of: &bytes,
      memoryLimit: left - instructions.memoryUse - addresses.memoryUse)
    try instructions.place(
      try packedInstructions.readBytes(packedInstructions.remaining), isPacked: hasInstructions,
      first..<second, of: &bytes, memoryLimit: left - data.memoryUse - addresses.memoryUse)
    try addresses.place(
      try packedAddresses.readBytes(packedAddresses.remaining), isPacked: hasAddresses, second..<sizes.sum,
      of: &bytes, memoryLimit: left - data.memoryUse - instructions.memoryUse)
    return sizes
  }

  /// What the decompressors take, by liblzma's count; they live as long as the patch.
  var memoryUse: Int {
    data.memoryUse + instructions.memoryUse + addresses.memoryUse
  }

}

/// One kind of sections: its decompressor, made when it is needed first.
private struct SectionUnpacker: ~Copyable {
  var decoder: XZSectionDecoder?

  /// What the decompressor takes.
  var memoryUse: Int {
    switch decoder {
    case .some(let decoder): decoder.memoryUse
    case .none: 0
    }
  }

  /// Unpacks or copies a section.
  ///
  /// - Parameters:
  ///   - section: what stands in the patch, behind the size.
  ///   - isPacked: whether it is to be unpacked.
  ///   - range: where it goes.
  ///   - bytes: have room for it.
  ///   - memoryLimit: what the decompressor may take.
  /// - Throws: as ``XZSectionDecoder/decompress(_:into:memoryLimit:)``.
  mutating func place(
    _ section: Span<UInt8>, isPacked: Bool, _ range: Range<Int>, of bytes: inout VCDIFFBuffer,
    memoryLimit: Int
  ) throws(DeltaError) {
    guard isPacked else {
      bytes.write(section, at: range.lowerBound)
      return
    }
    // xdelta3 packs no empty section, and refuses one.
    guard !range.isEmpty else { throw .corruptStream }
    var decoder = if let begun = self.decoder.take() { begun } else { try XZSectionDecoder() }
    var output = bytes.mutableSpan(range)
    // After an error the stream is of no use any more, and neither is the patch.
    try decoder.decompress(section, into: &output, memoryLimit: memoryLimit)
    self.decoder = consume decoder
  }
}
