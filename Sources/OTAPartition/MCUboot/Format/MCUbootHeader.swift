public import OTACore

/// What the header of an image of MCUboot says.
///
/// - Note: Source: MCUboot, `struct image_header`; all fields are little endian.
public struct MCUbootHeader: Equatable, Sendable {
  /// The first four bytes of every image.
  public static var magic: UInt32 { 0x96f3_b83d }
  /// The length of the fields; what is behind them, up to ``headerSize``, is padding.
  public static var minimumSize: Int { 32 }

  /// Where the image is to be copied to, or was linked for; see ``flags``.
  public var loadAddress: UInt32
  /// How many bytes come before the image, at least ``minimumSize``.
  public var headerSize: UInt16
  /// The length of the area of protected TLVs with its head; 0 if there is none.
  public var protectedTLVSize: UInt16
  /// The length of the image, without header and TLVs.
  public var imageSize: UInt32
  /// What kind of image it is.
  public var flags: MCUbootFlags
  /// The version of the image.
  public var version: MCUbootVersion

  /// Makes a header from its parts.
  public init(
    loadAddress: UInt32 = 0, headerSize: UInt16, protectedTLVSize: UInt16 = 0, imageSize: UInt32,
    flags: MCUbootFlags = MCUbootFlags(rawValue: 0), version: MCUbootVersion
  ) {
    self.loadAddress = loadAddress
    self.headerSize = headerSize
    self.protectedTLVSize = protectedTLVSize
    self.imageSize = imageSize
    self.flags = flags
    self.version = version
  }

  /// Reads a header.
  ///
  /// The last four bytes have no meaning and are passed over, as MCUboot does. Whether image and TLVs fit anywhere is
  /// for ``MCUbootContainer`` to say.
  ///
  /// - Parameter bytes: the first bytes of the image; what is behind the fields is not looked at.
  /// - Throws: ``MCUbootError/outOfSlot`` for fewer bytes than ``minimumSize``, ``MCUbootError/noImage`` for another
  ///   magic number, ``MCUbootError/headerTooShort``, ``MCUbootError/emptyImage``.
  public init(parsing bytes: Span<UInt8>) throws(MCUbootError) {
    do throws(ParseError) {
      var cursor = ByteCursor(bytes)
      let magic = try cursor.readLittleEndian(UInt32.self)
      let loadAddress = try cursor.readLittleEndian(UInt32.self)
      let headerSize = try cursor.readLittleEndian(UInt16.self)
      let protectedTLVSize = try cursor.readLittleEndian(UInt16.self)
      let imageSize = try cursor.readLittleEndian(UInt32.self)
      let flags = try cursor.readLittleEndian(UInt32.self)
      let version = try MCUbootVersion(parsing: &cursor)
      _ = try cursor.readLittleEndian(UInt32.self)
      guard magic == MCUbootHeader.magic else { throw ParseError(.invalidValue, at: 0) }
      self.init(
        loadAddress: loadAddress, headerSize: headerSize, protectedTLVSize: protectedTLVSize,
        imageSize: imageSize, flags: MCUbootFlags(rawValue: flags), version: version)
    } catch {
      throw error.kind == .truncated ? .outOfSlot : .noImage
    }
    guard headerSize >= MCUbootHeader.minimumSize else { throw .headerTooShort }
    guard imageSize > 0 else { throw .emptyImage }
  }

  /// Appends the fields, ``minimumSize`` bytes, without the padding behind them.
  ///
  /// - Throws: kind `ParseError.Kind.capacityExceeded` if they do not fit.
  public func serialize(into writer: inout ByteWriter) throws(ParseError) {
    guard writer.remaining >= MCUbootHeader.minimumSize else {
      throw ParseError(.capacityExceeded, at: writer.count)
    }
    try writer.writeLittleEndian(MCUbootHeader.magic)
    try writer.writeLittleEndian(loadAddress)
    try writer.writeLittleEndian(headerSize)
    try writer.writeLittleEndian(protectedTLVSize)
    try writer.writeLittleEndian(imageSize)
    try writer.writeLittleEndian(flags.rawValue)
    try version.serialize(into: &writer)
    try writer.writeLittleEndian(0 as UInt32)
  }
}

/// What kind of image it is, as bits of the header; on hosts an `OptionSet`.
///
/// - Note: Source: MCUboot, `IMAGE_F_*`.
public struct MCUbootFlags: RawRepresentable, Equatable, Hashable, Sendable {
  /// The bits.
  public let rawValue: UInt32

  /// Takes the bits.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// Runs at any address; MCUboot does not make use of it.
  public static var positionIndependent: MCUbootFlags { MCUbootFlags(rawValue: 0x1) }
  /// Encrypted with AES-128.
  public static var encryptedAES128: MCUbootFlags { MCUbootFlags(rawValue: 0x4) }
  /// Encrypted with AES-256.
  public static var encryptedAES256: MCUbootFlags { MCUbootFlags(rawValue: 0x8) }
  /// Not to be jumped to: a part of another image.
  public static var nonBootable: MCUbootFlags { MCUbootFlags(rawValue: 0x10) }
  /// To be copied to the load address before it runs.
  public static var loadsIntoRAM: MCUbootFlags { MCUbootFlags(rawValue: 0x20) }
  /// Linked for the load address, which is the address of a slot.
  public static var isFixedInROM: MCUbootFlags { MCUbootFlags(rawValue: 0x100) }
  /// Compressed with LZMA1.
  public static var compressedLZMA1: MCUbootFlags { MCUbootFlags(rawValue: 0x200) }
  /// Compressed with LZMA2.
  public static var compressedLZMA2: MCUbootFlags { MCUbootFlags(rawValue: 0x400) }
  /// Compressed behind a filter for Arm Thumb code.
  public static var compressedThumb: MCUbootFlags { MCUbootFlags(rawValue: 0x800) }

  /// All that say that the image is encrypted.
  public static var encrypted: MCUbootFlags { MCUbootFlags(rawValue: 0xc) }
  /// All that say that the image is compressed.
  public static var compressed: MCUbootFlags { MCUbootFlags(rawValue: 0xe00) }

  /// Whether all of these bits are set.
  public func contains(_ flags: MCUbootFlags) -> Bool { rawValue & flags.rawValue == flags.rawValue }

  /// Whether the firmware is, or is to be, encrypted.
  public var isEncrypted: Bool { rawValue & MCUbootFlags.encrypted.rawValue != 0 }

  /// Refuses what cannot be read here: compressed images, bits that have no meaning, and encryption where there shall be
  /// none, or none where there shall be one.
  func requireSupported(encrypted: Bool = false) throws(MCUbootError) {
    guard rawValue & MCUbootFlags.compressed.rawValue == 0 else { throw .compressed }
    guard encrypted || !isEncrypted else { throw .encrypted }
    guard isEncrypted || !encrypted else { throw .notEncrypted }
    // A key has one size.
    guard !contains(.encrypted) else { throw .unknownFlags(MCUbootFlags.encrypted.rawValue) }
    let unknown = rawValue & ~0x13d
    guard unknown == 0 else { throw .unknownFlags(unknown) }
  }
}

extension MCUbootVersion {
  init(parsing cursor: inout ByteCursor) throws(ParseError) {
    self.init(
      try cursor.readByte(), try cursor.readByte(), try cursor.readLittleEndian(UInt16.self),
      build: try cursor.readLittleEndian(UInt32.self))
  }

  func serialize(into writer: inout ByteWriter) throws(ParseError) {
    try writer.write(byte: major)
    try writer.write(byte: minor)
    try writer.writeLittleEndian(revision)
    try writer.writeLittleEndian(build)
  }
}
