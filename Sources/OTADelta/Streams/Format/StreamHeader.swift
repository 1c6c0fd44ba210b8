import OTADelta
import OTADeltaLZMA
import OTADeltaZstd

/// How one stream of a patch is stored.
///
/// - Note: Source: Docs/DeltaFormat.md, "Streams".
public struct StreamHeader: Equatable, Sendable {
  /// How a stream is compressed.
  public enum Method: UInt8, Sendable, CaseIterable {
    /// Not at all.
    case stored
    /// A raw LZMA stream without an end marker, with lc = 3, lp = 0 and pb = 0.
    case lzma
    /// One frame of Zstandard.
    case zstd
  }

  /// How it is compressed.
  public var method: Method
  /// The logarithm of the dictionary or the largest window, in bytes; 0 if stored.
  public var windowBits: UInt8
  /// How many bytes the stream has.
  public var rawSize: UInt32
  /// How many bytes of the patch it takes.
  public var packedSize: UInt32

  /// A stream that is not compressed.
  package init(storing rawSize: UInt32) {
    method = .stored
    windowBits = 0
    self.rawSize = rawSize
    packedSize = rawSize
  }

  package init(method: Method, windowBits: UInt8, rawSize: UInt32, packedSize: UInt32) {
    self.method = method
    self.windowBits = windowBits
    self.rawSize = rawSize
    self.packedSize = packedSize
  }

  /// The windows that a method may have.
  package static func windowBits(of method: Method) -> ClosedRange<UInt8> {
    switch method {
    case .stored: 0...0
    case .lzma: 12...30
    case .zstd: 10...30
    }
  }

  /// What its decompressor takes, in bytes.
  ///
  /// - Note: Source: project decision, Docs/DeltaFormat.md; tests hold it against what the libraries say.
  public var decompressorMemory: UInt64 {
    let window: UInt64 = 1 << UInt64(windowBits)
    return switch method {
    case .stored: 0
    case .lzma: window + (64 << 10)
    case .zstd: ZstdDecompressor.memoryRequirement(windowSize: window)
    }
  }
}
