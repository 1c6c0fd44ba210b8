import CZstd

/// Makes frames of Zstandard with libzstd.
///
/// Deterministic: the same content and settings give the same bytes, as long as libzstd does.
public enum ZstdEncoder {
  /// What a frame is made with.
  public struct Settings: Equatable, Sendable {
    /// From 1 to 22; more is smaller and slower.
    public var level: Int
    /// The logarithm of the window in bytes, from 10 to 31; `nil` lets the level and the size decide.
    public var windowLogarithm: Int?
    /// Whether matches are also looked for with libzstd's long-distance matcher.
    public var matchesLongDistance: Bool
    /// Whether the size of the content is in the header.
    public var declaresSize: Bool
    /// Whether a checksum of the content ends the frame.
    public var hasChecksum: Bool

    /// Makes settings.
    public init(
      level: Int = 19, windowLogarithm: Int? = nil, matchesLongDistance: Bool = false,
      declaresSize: Bool = true,
      hasChecksum: Bool = false
    ) {
      self.level = level
      self.windowLogarithm = windowLogarithm
      self.matchesLongDistance = matchesLongDistance
      self.declaresSize = declaresSize
      self.hasChecksum = hasChecksum
    }
  }

  /// Compresses a content into one frame.
  ///
  /// - Parameters:
  ///   - content: any number of bytes.
  ///   - prefix: what the decompressor will be given as prefix.
  ///   - settings: how.
  /// - Returns: the frame.
  /// - Throws: ``DeltaEncoderError/outOfMemory``.
  /// - Precondition: the settings are within their ranges.
  public static func compress(
    _ content: Span<UInt8>, prefix: Span<UInt8> = Span(), settings: Settings = Settings()
  ) throws(DeltaEncoderError) -> [UInt8] {
    precondition((1...22).contains(settings.level), "no such level")
    precondition(settings.windowLogarithm.map { (10...31).contains($0) } ?? true, "no such window")
    guard let context = unsafe ZSTD_createCCtx() else { throw .outOfMemory }
    defer { unsafe ZSTD_freeCCtx(context) }
    func set(_ parameter: ZSTD_cParameter, _ value: Int) {
      let status = unsafe ZSTD_CCtx_setParameter(context, parameter, Int32(value))
      precondition(ZSTD_isError(status) == 0, "libzstd refuses a setting")
    }
    set(ZSTD_c_compressionLevel, settings.level)
    if let logarithm = settings.windowLogarithm { set(ZSTD_c_windowLog, logarithm) }
    if settings.matchesLongDistance { set(ZSTD_c_enableLongDistanceMatching, 1) }
    set(ZSTD_c_contentSizeFlag, settings.declaresSize ? 1 : 0)
    set(ZSTD_c_checksumFlag, settings.hasChecksum ? 1 : 0)
    var result = [UInt8](repeating: 0, count: ZSTD_compressBound(content.count))
    let status = unsafe prefix.withUnsafeBufferPointer { prefix in
      unsafe content.withUnsafeBufferPointer { source in
        unsafe result.withUnsafeMutableBufferPointer { destination in
          // Refers to the prefix, which is there until the frame is done.
          let status = unsafe ZSTD_CCtx_refPrefix(context, prefix.baseAddress, prefix.count)
          guard ZSTD_isError(status) == 0 else { return status }
          return unsafe ZSTD_compress2(
            context, destination.baseAddress, destination.count, source.baseAddress, source.count)
        }
      }
    }
    // The room is enough for every content; only memory can be missing.
    guard ZSTD_isError(status) == 0 else { throw .outOfMemory }
    result.removeLast(result.count - status)
    return result
  }
}
