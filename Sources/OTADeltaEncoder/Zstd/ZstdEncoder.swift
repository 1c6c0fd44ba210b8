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
  ///   - isCancelled: asked for each mebibyte; what is already begun is finished first.
  /// - Returns: the frame.
  /// - Throws: ``DeltaEncoderError/outOfMemory`` or ``DeltaEncoderError/cancelled``.
  /// - Precondition: the settings are within their ranges.
  public static func compress(
    _ content: Span<UInt8>, prefix: Span<UInt8> = Span(), settings: Settings = Settings(),
    isCancelled: () -> Bool = { false }
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
    var result: [UInt8] = []
    var room = [UInt8](repeating: 0, count: 1 << 17)
    // The library refers to the prefix, which stays where it is until the frame is done.
    let error = unsafe prefix.withUnsafeBufferPointer { prefix -> DeltaEncoderError? in
      let referred = unsafe ZSTD_CCtx_refPrefix(context, prefix.baseAddress, prefix.count)
      let pledged = unsafe ZSTD_CCtx_setPledgedSrcSize(context, UInt64(content.count))
      guard ZSTD_isError(referred) == 0, ZSTD_isError(pledged) == 0 else { return .outOfMemory }
      var position = 0
      while true {
        guard !isCancelled() else { return .cancelled }
        let count = min(content.count - position, 1 << 20)
        let isLast = position + count == content.count
        let piece = content.extracting(position..<position + count)
        guard unsafe append(piece, isLast: isLast, to: &result, through: &room, context) else {
          return .outOfMemory
        }
        position += count
        if isLast { return nil }
      }
    }
    if let error { throw error }
    return result
  }

  /// Gives the library a piece of the content and takes what it makes.
  ///
  /// - Returns: whether there was memory.
  private static func append(
    _ piece: Span<UInt8>, isLast: Bool, to result: inout [UInt8], through room: inout [UInt8],
    _ context: OpaquePointer
  ) -> Bool {
    unsafe piece.withUnsafeBufferPointer { source in
      var input = unsafe ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: 0)
      while true {
        let (status, made) = unsafe room.withUnsafeMutableBufferPointer { destination in
          var output = unsafe ZSTD_outBuffer(
            dst: destination.baseAddress, size: destination.count, pos: 0)
          let status = unsafe ZSTD_compressStream2(
            context, &output, &input, isLast ? ZSTD_e_end : ZSTD_e_continue)
          return unsafe (status, output.pos)
        }
        // The settings were accepted; only memory can be missing.
        guard ZSTD_isError(status) == 0 else { return false }
        result.append(contentsOf: room[0..<made])
        if isLast ? status == 0 : unsafe input.pos == input.size { return true }
      }
    }
  }
}
