/// The fixed parts of VCDIFF, and of what xdelta3 adds to it; what of both is supported is in Docs/VCDIFF.md.
///
/// - Note: Source: RFC 3284, section 4; for the checksum, the application header and the number of the secondary
///   compressor, xdelta3 3.0.11.
public enum VCDIFFFormat: Sendable {
  /// The most bytes of an application header that are skipped (project decision, Docs/VCDIFF.md).
  public static var maximumApplicationHeaderSize: Int { 64 << 10 }

  /// The largest number of bytes that an integer takes; 35 bits, more than any field may say.
  static var maximumIntegerSize: Int { 5 }

  /// The first four bytes: `VCD` with the top bits set, and version 0.
  package static var magic: InlineArray<4, UInt8> { [0xd6, 0xc3, 0xc4, 0x00] }

  /// The secondary compressor that xdelta3 calls `lzma`: a stream of xz for each kind of section.
  static var xzCompressor: UInt8 { 2 }

  /// The bits of the header indicator.
  package enum Header {
    /// A secondary compressor is named.
    package static var secondary: UInt8 { 1 }
    /// The patch brings its own code table.
    package static var codeTable: UInt8 { 2 }
    /// A header for applications follows (xdelta3).
    package static var application: UInt8 { 4 }
  }

  /// The bits of the window indicator.
  package enum Window {
    /// The segment is in the old image.
    package static var source: UInt8 { 1 }
    /// The segment is in the new image.
    package static var target: UInt8 { 2 }
    /// The Adler-32 of the window follows (xdelta3).
    package static var checksum: UInt8 { 4 }
  }

  /// The bits of the delta indicator.
  enum Delta {
    /// The data section is compressed once more.
    static var data: UInt8 { 1 }
    /// The instructions are.
    static var instructions: UInt8 { 2 }
    /// The addresses are.
    static var addresses: UInt8 { 4 }
  }
}
