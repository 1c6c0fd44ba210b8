import OTADelta

/// Makes the new image, piece by piece, as far as its extra bytes have come.
struct StreamImage {
  private var newSize: UInt32 = 0
  private var covers: [StreamCovers.Cover] = []
  private var differences = StreamDifferences()
  /// The cover that is being copied, or the next one.
  private var coverIndex = 0
  /// How many bytes of the image were made.
  private var position: UInt32 = 0

  /// Extra bytes that wait.
  private var extra: [UInt8] = []
  private var extraStart = 0
  private var extraEnd = 0

  /// The bytes that were made last.
  private(set) var piece: [UInt8] = []

  /// No image.
  init() {}

  /// Checks the streams in front of the extra bytes.
  ///
  /// - Throws: as ``StreamCovers/init(_:header:)`` and ``StreamDifferences/init(runs:differences:coveredSize:)`` do;
  ///   ``DeltaError/corruptStream`` if covers and extra bytes together are not the new image.
  init(
    header: NativeHeader, extraSize: UInt32, covers: [UInt8], runs: [UInt8], differences: [UInt8]
  ) throws(DeltaError) {
    let parsed = try StreamCovers(covers.span, header: header)
    guard parsed.coveredSize <= header.newSize, extraSize == header.newSize - parsed.coveredSize else {
      throw .corruptStream
    }
    self.covers = parsed.all
    self.differences = try StreamDifferences(
      runs: runs, differences: differences, coveredSize: parsed.coveredSize)
    newSize = header.newSize
    extra = [UInt8](repeating: 0, count: Int(min(UInt32(StreamTable.bufferSize), max(1, extraSize))))
    piece = [UInt8](repeating: 0, count: Int(min(UInt32(StreamTable.bufferSize), newSize)))
  }

  /// Lends out the room for extra bytes; only when all of them are used up.
  mutating func takeRoom() -> [UInt8] {
    var room: [UInt8] = []
    swap(&room, &extra)
    return room
  }

  /// Takes the room back with so many extra bytes at its start.
  mutating func put(_ room: consuming [UInt8], count: Int) {
    extra = room
    extraStart = 0
    extraEnd = count
  }

  /// Makes the next bytes of the image.
  ///
  /// - Returns: how many are in ``piece``; 0 if extra bytes are missing, or the image is complete.
  /// - Throws: ``PatchError/source(_:)``.
  mutating func next<Media: PatchMedia & ~Copyable>(
    media: inout Media
  ) throws(PatchError<Media.SourceFailure, Media.SinkFailure>) -> Int {
    // Taken out for the call: a span of a property would keep the rest from being changed.
    var piece: [UInt8] = []
    swap(&piece, &self.piece)
    defer { swap(&piece, &self.piece) }
    var filled = 0
    while filled < piece.count, position < newSize {
      let room = piece.count - filled
      let gapEnd = coverIndex < covers.count ? covers[coverIndex].new : newSize
      if position < gapEnd {
        let count = min(extraEnd - extraStart, Int(gapEnd - position), room)
        guard count > 0 else { break }
        var all = piece.mutableSpan
        var part = all._mutatingExtracting(filled..<filled + count)
        copy(extra.span.extracting(extraStart..<extraStart + count), to: &part)
        extraStart += count
        filled += count
        position += UInt32(count)
      } else {
        let cover = covers[coverIndex]
        let done = position - cover.new
        let count = min(Int(cover.length - done), room)
        var all = piece.mutableSpan
        var part = all._mutatingExtracting(filled..<filled + count)
        do throws(Media.SourceFailure) {
          try media.readSource(into: &part, at: cover.old + done)
        } catch {
          throw .source(error)
        }
        differences.add(to: &part)
        filled += count
        position += UInt32(count)
        if position - cover.new == cover.length { coverIndex += 1 }
      }
    }
    return filled
  }
}
