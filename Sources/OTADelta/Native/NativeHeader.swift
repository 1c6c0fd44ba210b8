/// What a native patch says about itself in front of its body.
///
/// - Note: Source: Docs/DeltaFormat.md, "Header".
public struct NativeHeader: Equatable, Sendable {
  /// How the body is coded.
  public enum Coder: UInt8, Sendable, CaseIterable {
    /// By an adaptive model of the corrected old image.
    case adaptive
    /// The body is the new image.
    case stored
    /// As adaptive, in segments that are written over the old image; see ``InPlaceHeader``.
    case inPlace
    /// Streams that are compressed on their own, for hosts.
    case streams
  }

  /// `OTAD`.
  static var magic: InlineArray<4, UInt8> { [0x4f, 0x54, 0x41, 0x44] }
  /// The version that is written and read.
  static var version: UInt8 { 1 }
  /// The most bytes that a header takes.
  public static var maximumSize: Int { 64 }
  /// How many bytes of each digest are in the header.
  public static var digestSize: Int { 8 }
  /// The powers of two that a model may have slots.
  static var slotBits: ClosedRange<UInt8> { 8...24 }
  /// The powers of two that a match table may have entries; 0 is no table.
  static var matchBits: ClosedRange<UInt8> { 10...24 }

  /// How the body is coded.
  public var coder: Coder
  /// The instruction set in which addresses are corrected.
  package var architecture: Architecture
  /// How many slots the model has, as a power of two.
  package var slotBits: UInt8
  /// How many entries the table of matches has, as a power of two; 0 if the old image stays where it is.
  package var matchBits: UInt8
  /// How many bytes the old image has.
  public var oldSize: UInt32
  /// How many bytes the new image has.
  public var newSize: UInt32
  /// How many bytes follow the header.
  public var bodySize: UInt32
  /// How many parts of the new image come from the old one.
  public var coverCount: UInt32
  /// How many parts of the old image hold a kind of addresses of their own.
  public var regionCount: UInt32
  /// The first bytes of the SHA-256 of the old image.
  public var oldDigest: InlineArray<8, UInt8>
  /// The first bytes of the SHA-256 of the new image.
  public var newDigest: InlineArray<8, UInt8>

  /// The name of the instruction set, as `--arch` takes it.
  public var architectureName: StaticString { architecture.name }

  package init(
    coder: Coder, architecture: Architecture, slotBits: UInt8, matchBits: UInt8, oldSize: UInt32,
    newSize: UInt32,
    bodySize: UInt32, coverCount: UInt32, regionCount: UInt32, oldDigest: InlineArray<8, UInt8>,
    newDigest: InlineArray<8, UInt8>
  ) {
    self.coder = coder
    self.architecture = architecture
    self.slotBits = slotBits
    self.matchBits = matchBits
    self.oldSize = oldSize
    self.newSize = newSize
    self.bodySize = bodySize
    self.coverCount = coverCount
    self.regionCount = regionCount
    self.oldDigest = oldDigest
    self.newDigest = newDigest
  }

  /// Compares every part.
  public static func == (left: NativeHeader, right: NativeHeader) -> Bool {
    for index in 0..<digestSize {
      guard left.oldDigest[index] == right.oldDigest[index], left.newDigest[index] == right.newDigest[index]
      else {
        return false
      }
    }
    return left.coder == right.coder && left.architecture == right.architecture
      && left.slotBits == right.slotBits
      && left.matchBits == right.matchBits && left.oldSize == right.oldSize && left.newSize == right.newSize
      && left.bodySize == right.bodySize && left.coverCount == right.coverCount
      && left.regionCount == right.regionCount
  }

  /// Reads a header.
  ///
  /// - Parameter bytes: the first bytes of a patch; may end within the header.
  /// - Returns: the header and how many bytes it took; nil if more are needed.
  /// - Throws: ``DeltaError/unsupportedFormat`` if the magic or the version is another one, or the
  ///   architecture is one that this build has no corrections for, or this is firmware and the patch is for hosts,
  ///   ``DeltaError/unsupportedCompression`` for another coder, ``DeltaError/nonCanonicalNumber`` for a number that
  ///   does not fit or is longer than it must be, ``DeltaError/corruptStream`` for values that contradict each other.
  public static func parse(_ bytes: Span<UInt8>) throws(DeltaError) -> (header: NativeHeader, count: Int)? {
    var header = NativeHeader()
    let count = try header.read(bytes)
    return count > 0 ? (header, count) : nil
  }

  /// An empty one.
  init() {
    self.init(
      coder: .stored, architecture: .none, slotBits: 0, matchBits: 0, oldSize: 0, newSize: 0, bodySize: 0,
      coverCount: 0, regionCount: 0, oldDigest: InlineArray(repeating: 0),
      newDigest: InlineArray(repeating: 0))
  }

  /// Reads a header into this one.
  ///
  /// - Returns: how many bytes it took; 0 if more are needed.
  /// - Throws: as ``parse(_:)``.
  #if hasFeature(Embedded)
  @inline(never)
  #endif
  mutating func read(_ bytes: Span<UInt8>) throws(DeltaError) -> Int {
    for index in 0..<min(4, bytes.count) where bytes[index] != NativeHeader.magic[index] {
      throw .unsupportedFormat
    }
    guard bytes.count >= 9 else { return 0 }
    guard bytes[4] == NativeHeader.version, let architecture = Architecture(rawValue: bytes[6]),
      Instructions.has(architecture)
    else {
      throw .unsupportedFormat
    }
    guard let coder = Coder(rawValue: bytes[5]) else { throw .unsupportedCompression }
    self.coder = coder
    self.architecture = architecture
    slotBits = bytes[7]
    matchBits = bytes[8]
    guard slotBits == 0 || NativeHeader.slotBits.contains(slotBits),
      matchBits == 0 || NativeHeader.matchBits.contains(matchBits),
      (slotBits != 0) == (coder == .adaptive || coder == .inPlace), matchBits == 0 || coder == .adaptive
    else { throw .corruptStream }
    var position = 9
    var numbers = InlineArray<5, UInt32>(repeating: 0)
    for index in 0..<5 {
      guard let value = try NativeHeader.number(bytes, &position) else { return 0 }
      numbers[index] = value
    }
    guard bytes.count &- position >= 2 &* NativeHeader.digestSize else { return 0 }
    oldSize = numbers[0]
    newSize = numbers[1]
    bodySize = numbers[2]
    coverCount = numbers[3]
    regionCount = numbers[4]
    guard coverCount <= newSize, regionCount <= oldSize else { throw .corruptStream }
    let agrees =
      switch coder {
      case .adaptive, .inPlace: true
      case .stored: coverCount == 0 && regionCount == 0 && bodySize == newSize
      case .streams: regionCount == 0
      }
    guard agrees else { throw .corruptStream }
    guard DecoderProfile.current.takes(self) else { throw .unsupportedFormat }
    oldDigest = NativeHeader.digest(bytes, at: position)
    newDigest = NativeHeader.digest(bytes, at: position &+ NativeHeader.digestSize)
    return position &+ 2 &* NativeHeader.digestSize
  }

  private static func digest(_ bytes: Span<UInt8>, at position: Int) -> InlineArray<8, UInt8> {
    unsafe bytes.bytes.unsafeLoadUnaligned(fromByteOffset: position, as: InlineArray<8, UInt8>.self)
  }

  /// Reads seven bits a byte, least significant first.
  #if hasFeature(Embedded)
  @inline(never)
  #endif
  static func number(_ bytes: Span<UInt8>, _ position: inout Int) throws(DeltaError) -> UInt32? {
    var value: UInt32 = 0
    var shift: UInt32 = 0
    while position < bytes.count {
      let byte = UInt32(bytes[position])
      position &+= 1
      // The fifth byte has the upper four bits, and nothing follows it.
      guard shift < 28 || byte < 16 else { throw .nonCanonicalNumber }
      value |= (byte & 0x7f) &<< shift
      if byte < 0x80 {
        guard byte != 0 || shift == 0 else { throw .nonCanonicalNumber }
        return value
      }
      shift &+= 7
    }
    return nil
  }
}
