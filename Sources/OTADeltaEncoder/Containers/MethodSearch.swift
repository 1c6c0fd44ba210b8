import OTADelta
import OTADeltaContainers

/// Finds the method that made a stream, by trying.
///
/// What was right for one stream of a file is tried first for the next.
struct MethodSearch {
  private let limits: ContainerLimits
  private var known: [CompressionMethod] = []
  /// How many streams of a format no method has made, with none known: after some, only a few methods are tried.
  private var failures = 0

  /// Starts without a method; none that exceeds a limit is tried.
  init(limits: ContainerLimits) {
    self.limits = limits
  }

  /// Finds the method for a stream.
  ///
  /// - Returns: `nil` if none of those that are tried makes it bit for bit.
  mutating func method(
    for stream: ArraySlice<UInt8>, of content: Span<UInt8>, format: StreamFormat
  ) throws(DeltaEncoderError) -> CompressionMethod? {
    for (index, method) in known.enumerated() where method.format == format {
      guard method.isAllowed(contentSize: UInt32(content.count), limits: limits) else { continue }
      guard try MethodSearch.makes(method, stream, of: content) else { continue }
      // The last one that was right comes first.
      known.remove(at: index)
      known.insert(method, at: 0)
      return method
    }
    guard failures < 32, known.count < ContainerRecipe.maximumMethodCount else { return nil }
    for method in MethodSearch.candidates(for: stream, format: format)
    where !known.contains(method)
      && method.isAllowed(contentSize: UInt32(content.count), limits: limits)
    {
      guard try MethodSearch.makes(method, stream, of: content) else { continue }
      known.insert(method, at: 0)
      return method
    }
    failures += 1
    return nil
  }

  /// Whether a method makes exactly this stream.
  static func makes(
    _ method: CompressionMethod, _ stream: ArraySlice<UInt8>, of content: Span<UInt8>
  ) throws(DeltaEncoderError) -> Bool {
    do throws(DeltaError) {
      // The start alone rules out most settings of zlib.
      if content.count > 1 << 19 {
        let start = try method.compressStart(content.extracting(0..<1 << 18))
        guard start.count <= stream.count, stream.prefix(start.count) == start[...] else { return false }
      }
      return try method.compress(content)[...] == stream
    } catch .memoryExceeded {
      throw .outOfMemory
    } catch {
      // A library that does not know the method does not make the stream.
      return false
    }
  }

  private static func candidates(
    for stream: ArraySlice<UInt8>, format: StreamFormat
  ) -> [CompressionMethod] {
    switch format {
    case .deflate: zlibCandidates(windowBits: [15], isWrapped: false) + zopfliCandidates
    case .zlib:
      // The header has the window, RFC 1950, section 2.2.
      zlibCandidates(windowBits: [(stream.first ?? 0x78) >> 4 + 8], isWrapped: true)
    case .xz: xzCandidates(for: stream)
    // 15 is what squashfs-tools take; then what people name.
    case .zstd:
      ([15, 22, 19, 3, 9] + (1...22).filter { ![15, 22, 19, 3, 9].contains($0) }).map { .zstd(level: $0) }
    }
  }

  private static func zlibCandidates(windowBits: [UInt8], isWrapped: Bool) -> [CompressionMethod] {
    var candidates: [CompressionMethod] = []
    for bits in windowBits where (9...15).contains(bits) {
      for strategy in [0, 1, 2, 3, 4] as [UInt8] {
        for memoryLevel in [8, 9] as [UInt8] {
          for level in [9, 6, 8, 7, 5, 4, 3, 2, 1] as [UInt8] {
            candidates.append(
              .zlib(
                level: level, memoryLevel: memoryLevel, strategy: strategy, windowBits: bits,
                isWrapped: isWrapped))
          }
        }
      }
    }
    return candidates
  }

  private static var zopfliCandidates: [CompressionMethod] {
    [15, 5, 10, 30, 1].map { .zopfli(iterations: $0, splitsBlocks: true, maximumBlocks: 15) }
  }

  /// The headers of a file tell most of it; the preset is guessed.
  private static func xzCandidates(for stream: ArraySlice<UInt8>) -> [CompressionMethod] {
    let bytes = Array(stream.prefix(64))
    guard let header = XZHeader(bytes) else { return [] }
    var candidates: [CompressionMethod] = []
    for preset in [(6, false), (9, true), (9, false), (6, true)] + (0...8).map({ ($0, false) })
      as [(UInt8, Bool)]
    {
      candidates.append(
        .xz(
          CompressionMethod.XZOptions(
            preset: preset.0, isExtreme: preset.1, dictionaryCode: header.dictionaryCode,
            properties: header.properties, branchFilter: header.branchFilter, check: header.check)))
    }
    return candidates
  }
}
