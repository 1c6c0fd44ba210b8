import OTACore
public import OTACrypto

extension EspressifContainer {
  /// Checks the checksum, and the SHA-256 if the image has one: that nothing broke, not who made it.
  ///
  /// - Parameters:
  ///   - flash: the device; it is only read, each byte once.
  ///   - hash: SHA-256.
  /// - Returns: what the image says; anybody may have written it.
  /// - Throws: ``EspressifError/checksumMismatch``, ``EspressifError/digestMismatch``;
  ///   ``EspressifError/unsupportedHash(_:)`` if `hash` is not SHA-256; ``EspressifError/flash(_:)``. That no SHA-256 is
  ///   appended is not an error, see ``EspressifHeader/hasDigest``.
  public func check<Device: Flash & ~Copyable, Hash: HashFunction & ~Copyable>(
    on flash: inout Device, using hash: Hash.Type
  ) throws(EspressifError) -> EspressifContents {
    guard Hash.algorithm == .sha256 else { throw .unsupportedHash(Hash.algorithm) }
    var first = Hash()
    var second = EspressifNoHash()
    let description = try walk(on: &flash, into: &first, and: &second)
    let contents = EspressifContents(digest: first.finalize(), description: description)
    _ = try checkDigest(of: contents, on: &flash)
    return contents
  }

  /// Reads all that the SHA-256 is over, checks the checksum, and feeds the bytes to both functions.
  ///
  /// - Returns: the description, if there is one.
  func walk<Device: Flash & ~Copyable, First: HashFunction & ~Copyable, Second: HashFunction & ~Copyable>(
    on flash: inout Device, into first: inout First, and second: inout Second
  ) throws(EspressifError) -> EspressifDescription? {
    first.update(headerBytes.span)
    second.update(headerBytes.span)
    // Seed and meaning of the checksum: ESP-IDF, `process_checksum`.
    var checksum: UInt8 = 0xef
    var start = InlineArray<256, UInt8>(repeating: 0)
    var startCount = 0
    var buffer = InlineArray<512, UInt8>(repeating: 0)
    for index in 0..<Int(header.segmentCount) {
      let segment = segment(index)
      first.update(segment.head.span)
      second.update(segment.head.span)
      var rest = segment.data
      while !rest.isEmpty {
        let part = try flash.readEspressifPart(&rest, into: &buffer)
        let bytes = buffer.span.extracting(part)
        for place in 0..<bytes.count { checksum ^= bytes[place] }
        var place = 0
        while index == 0, startCount < start.count, place < bytes.count {
          start[startCount] = bytes[place]
          startCount += 1
          place += 1
        }
        first.update(bytes)
        second.update(bytes)
      }
    }
    var rest = checksumArea
    var last: UInt8 = 0
    while !rest.isEmpty {
      let part = try flash.readEspressifPart(&rest, into: &buffer)
      let bytes = buffer.span.extracting(part)
      last = bytes[bytes.count - 1]
      first.update(bytes)
      second.update(bytes)
    }
    guard last == checksum else { throw .checksumMismatch }
    return EspressifDescription(parsing: start.span.extracting(0..<startCount))
  }

  /// Holds a digest against the one in the image, if there is one there.
  ///
  /// - Returns: that digest as it was read, if there is one, for those who hash it.
  func checkDigest<Device: Flash & ~Copyable>(
    of contents: borrowing EspressifContents, on flash: inout Device
  ) throws(EspressifError) -> Digest? {
    guard header.hasDigest else { return nil }
    var bytes = InlineArray<32, UInt8>(repeating: 0)
    var window = bytes.mutableSpan
    try flash.readEspressif(into: &window, at: checksumArea.upperBound)
    do throws(ParseError) {
      let digest = try Digest(algorithm: .sha256, bytes: bytes.span)
      guard digest == contents.digest else { throw ParseError(.checksumMismatch, at: 0) }
      return digest
    } catch {
      throw .digestMismatch
    }
  }
}

/// Stands where no second hash is made.
struct EspressifNoHash: HashFunction {
  static var algorithm: DigestAlgorithm { .sha256 }

  mutating func update(_ bytes: Span<UInt8>) {}

  consuming func finalize() -> Digest { SHA256().finalize() }
}

extension Flash where Self: ~Copyable {
  /// Reads the next bytes of a range that is not empty, as many as fit, and cuts them off.
  ///
  /// Returns where they are in the buffer, at least one.
  mutating func readEspressifPart(
    _ range: inout Range<UInt32>, into buffer: inout InlineArray<512, UInt8>
  ) throws(EspressifError) -> Range<Int> {
    let unit = geometry.readSize
    // The device begins and ends at borders of units, so that rounding stays inside.
    let skipped = range.lowerBound % unit
    let end = skipped + min(512 - skipped, range.size)
    let rounded = (end + unit - 1) / unit * unit
    do throws(FlashError) {
      var whole = buffer.mutableSpan
      var window = whole.prefix(Int(rounded))
      try read(into: &window, at: range.lowerBound - skipped)
    } catch {
      throw .flash(error)
    }
    range = range.lowerBound + (end - skipped)..<range.upperBound
    return Int(skipped)..<Int(end)
  }
}
