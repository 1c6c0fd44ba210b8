/// Where in a file there are compressed streams; found from its bytes alone, the same on every machine.
///
/// Recognised are gzip members (RFC 1952) and squashfs 4.0 images with gzip, xz or zstd, both anywhere in the file, so
/// that a kernel and a root file system in one image are found too.
public struct ContainerLayout: Equatable, Sendable {
  /// A part of the file.
  public struct Segment: Equatable, Sendable {
    /// Where it is in the file.
    public var range: Range<Int>
    /// What it is; `nil` is bytes that are passed on as they are.
    public var format: StreamFormat?
    /// Where its content is in the content of the file.
    public var contentRange: Range<Int>
  }

  /// All of the file, in order, without gap or overlap; two raw segments never follow each other.
  public private(set) var segments: [Segment] = []
  /// The content: raw bytes, and what the streams hold, in the order of the file; in front of what a stream holds, as
  /// few zeros as it takes to begin at a multiple of ``alignment``.
  public private(set) var content: [UInt8] = []

  /// What a stream holds begins at a multiple of this in the content, in bytes: words in code are at even places in the
  /// file that was compressed, and are looked for there.
  public static var alignment: Int { 16 }

  /// How many zeros are in front of what a stream holds.
  ///
  /// - Parameter position: where the content ends.
  /// - Returns: below ``alignment``.
  static func padding<Position: BinaryInteger>(at position: Position) -> Position {
    let excess = position % Position(alignment)
    return excess == 0 ? 0 : Position(alignment) - excess
  }

  /// So many places that look like streams and are none, and no more are tried: bytes made to look so take no longer.
  private static var maximumFailures: Int { 256 }

  /// Whether there is any stream.
  public var hasStreams: Bool { segments.contains { $0.format != nil } }

  /// Finds the streams of a file and decompresses them.
  ///
  /// Memory: the content, and one stream's content more. What does not decode, or would exceed a limit, stays raw;
  /// nothing of this is an error.
  ///
  /// - Parameters:
  ///   - file: any bytes.
  ///   - limits: how large contents may become.
  public init(of file: [UInt8], limits: ContainerLimits = ContainerLimits()) {
    unpack(file, limits: limits, ceiling: .max)
  }

  /// The same where the size of the content is known; nil if it has another one.
  ///
  /// Memory: the content and twice that of one stream, never more than the given size says, whatever the file is.
  ///
  /// - Parameters:
  ///   - file: any bytes.
  ///   - limits: how large contents may become.
  ///   - contentSize: in bytes.
  init?(of file: [UInt8], limits: ContainerLimits, contentSize: UInt32) {
    guard file.count <= Int(contentSize) else { return nil }
    content.reserveCapacity(Int(contentSize))
    unpack(file, limits: limits, ceiling: Int(contentSize))
    guard content.count == Int(contentSize) else { return nil }
  }

  private mutating func unpack(_ file: [UInt8], limits: ContainerLimits, ceiling: Int) {
    var position = 0
    var budget = Int(limits.contentSize) - file.count
    var failures = 0
    for candidate in StreamCandidate.all(in: file, limits: limits) {
      guard candidate.range.lowerBound >= position, budget > 0, failures < ContainerLayout.maximumFailures
      else { continue }
      let bytes = file.span.extracting(candidate.range)
      let start = candidate.range.lowerBound
      let padding = ContainerLayout.padding(at: content.count + start - position)
      let room = min(budget, ceiling - content.count - (start - position)) - padding
      let limit = min(candidate.contentLimit, Int(limits.streamSize), room)
      guard limit > 0 else { continue }
      guard let stream = candidate.format.decompress(bytes, limit: limit), !stream.content.isEmpty,
        candidate.isRight(stream, in: file)
      else {
        failures += 1
        continue
      }
      addRaw(position..<start, of: file)
      content.append(contentsOf: repeatElement(0, count: padding))
      let end = start + stream.streamSize
      let contentStart = content.count
      content += stream.content
      segments.append(
        Segment(range: start..<end, format: candidate.format, contentRange: contentStart..<content.count))
      budget -= max(stream.content.count - stream.streamSize, 0) + padding
      position = end
    }
    addRaw(position..<file.count, of: file)
  }

  private mutating func addRaw(_ range: Range<Int>, of file: [UInt8]) {
    guard !range.isEmpty else { return }
    let start = content.count
    content += file[range]
    segments.append(Segment(range: range, format: nil, contentRange: start..<content.count))
  }
}

/// A place where a compressed stream may be.
struct StreamCandidate {
  var format: StreamFormat
  /// The stream, or where it begins and the last byte that it may have.
  var range: Range<Int>
  /// The content may be this large, in bytes.
  var contentLimit: Int
  /// Whether CRC-32 and size of a gzip member must follow.
  var isGzip = false

  /// All places of a file in order, at most one for each byte.
  static func all(in file: [UInt8], limits: ContainerLimits) -> [StreamCandidate] {
    var candidates: [StreamCandidate] = []
    var places: Set<Int> = []
    func add(_ candidate: StreamCandidate) {
      if places.insert(candidate.range.lowerBound).inserted { candidates.append(candidate) }
    }
    let bytes = file.span
    var imagesLeft = 8
    var index = 0
    while index + 4 <= bytes.count {
      if bytes[index] == 0x1f, bytes[index + 1] == 0x8b, let start = GzipHeader.end(in: file, at: index) {
        add(
          StreamCandidate(format: .deflate, range: start..<file.count, contentLimit: .max, isGzip: true))
      } else if bytes[index] == 0x68, bytes[index + 1] == 0x73, bytes[index + 2] == 0x71,
        bytes[index + 3] == 0x73,
        imagesLeft > 0, let image = SquashfsImage(file, at: index)
      {
        imagesLeft -= 1
        for block in image.blocks(limits: limits) { add(block) }
      }
      index += 1
    }
    return candidates.sorted { $0.range.lowerBound < $1.range.lowerBound }
  }

  /// Whether what stands behind the stream agrees with it.
  func isRight(_ stream: (content: [UInt8], streamSize: Int), in file: [UInt8]) -> Bool {
    !isGzip
      || GzipHeader.trailerIsRight(of: stream.content, in: file, at: range.lowerBound + stream.streamSize)
  }
}
