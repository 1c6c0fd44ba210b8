import OTADeltaVCDIFF

/// Finds cheap instructions for a window: the shortest path through its bytes, an edge being an instruction, its length
/// the bytes that it takes in the patch.
///
/// What an address costs depends on the copies before it, so the path to each place brings along the last four of them.
/// A match of ``niceLength`` is taken without looking for another one, and ends a stretch; that and
/// ``stretchSize`` bound what is kept.
struct VCDIFFParser: ~Copyable {
  /// A match of this length is taken at once.
  private static var niceLength: Int { 64 }
  /// The most bytes whose paths are weighed against each other.
  private static var stretchSize: Int { 1 << 14 }
  /// Above this length the match one byte later is taken over instead of searched for again.
  private static var carryLength: Int { 24 }
  /// Shorter copies take as many bytes as they make.
  private static var shortestCopy: Int { 4 }
  /// The most earlier places of a window that are tried for a copy.
  private static var chainDepth: Int { 16 }
  /// How many bytes pass between two looks at the caller's wish to stop.
  private static var cancellationInterval: Int { 4096 }

  private let old: [UInt8]
  private let new: [UInt8]
  private let suffixes: SuffixArray
  private var repeats: VCDIFFRepeats
  private var path = VCDIFFPath(capacity: VCDIFFParser.stretchSize)
  private var window = 0..<0
  private var steps: [VCDIFFStep] = []
  /// The longest match in the old image of the byte before, to go on with.
  private var last = SuffixArray.Match(position: 0, length: 0)

  /// Sorts the old image.
  ///
  /// - Parameters:
  ///   - old: the image to find bytes in.
  ///   - new: the image to make.
  ///   - windowSize: the most bytes of a window.
  /// - Throws: as ``SuffixArray/init(_:)`` does.
  init(old: [UInt8], new: [UInt8], windowSize: Int) throws(DeltaEncoderError) {
    self.old = old
    self.new = new
    self.suffixes = try SuffixArray(old)
    self.repeats = VCDIFFRepeats(capacity: min(new.count, windowSize))
  }

  /// Finds the instructions of a window.
  ///
  /// - Parameters:
  ///   - window: its place in the new image.
  ///   - isCancelled: asked now and then; `true` stops.
  /// - Returns: instructions that together make the window.
  /// - Throws: ``DeltaEncoderError/cancelled``.
  mutating func parse(
    _ window: Range<Int>, isCancelled: () -> Bool
  ) throws(DeltaEncoderError) -> [VCDIFFStep] {
    self.window = window
    steps = []
    last.length = 0
    repeats.begin(at: window.lowerBound)
    path.beginWindow(at: window.lowerBound, addressOfWindow: old.count)
    var position = window.lowerBound
    var nextLook = position
    while position < window.upperBound {
      path.beginStretch(at: position, literals: literalsAtEnd)
      let end = min(position + VCDIFFParser.stretchSize, window.upperBound)
      var found: Match?
      while position < end {
        if position >= nextLook {
          guard !isCancelled() else { throw .cancelled }
          nextLook = position + VCDIFFParser.cancellationInterval
        }
        found = consider(position, end: end)
        if found != nil { break }
        position += 1
      }
      path.finish(at: position, into: &steps)
      guard let found else { continue }
      if found.isRun {
        steps.append(.run(count: found.count))
      } else {
        path.take(found.address, at: position)
        steps.append(
          found.address < old.count
            ? .copyOld(position: found.address, count: found.count)
            : .copyNew(position: found.address - old.count + window.lowerBound, count: found.count))
      }
      let image = new
      repeats.insert(position..<position + found.count, of: image.span)
      position += found.count
      last.length = 0
    }
    return steps
  }

  /// A copy or a run that could be made.
  private struct Match {
    /// Whether it is one byte several times; then the address is of no meaning.
    var isRun = false
    /// As if the segment was the whole old image.
    var address: Int
    var count: Int
    /// What the address or the byte takes, in bytes.
    var cost: Int
  }

  /// How many new bytes the last instruction has.
  private var literalsAtEnd: Int {
    if case .add(let count) = steps.last { count } else { 0 }
  }

  /// Extends the path from a place by every instruction that can stand there.
  ///
  /// - Returns: a copy or a run to take at once.
  private mutating func consider(_ position: Int, end: Int) -> Match? {
    // Copies of the references: views of the properties would not let the rest of this value change.
    let (oldImage, newImage) = (self.old, self.new)
    let (old, new) = (oldImage.span, newImage.span)
    path.addLiteral(at: position)
    let limit = window.upperBound - position
    var taken: Match?
    var run = 1
    while run < limit, new[position + run] == new[position] { run += 1 }
    if run >= VCDIFFParser.niceLength {
      taken = Match(isRun: true, address: 0, count: run, cost: 1)
    } else if run >= VCDIFFParser.shortestCopy, position + run <= end {
      path.addRun(at: position, count: run)
    }
    let recent = path.recent(at: position)
    var continued = 0
    // Goes on where a copy before would have gone on: what code does that moved as a whole.
    for index in 0..<4 {
      let address = recent.addresses[index] + position - recent.places[index]
      guard recent.places[index] >= 0, address >= 0, address < old.count else { continue }
      let count = min(limit, commonLength(new, position, old, address, from: 0))
      offer(address, count, recent, position, end, &taken)
      continued = max(continued, count)
    }
    guard taken == nil else { return taken }
    // What goes on that far is left for another copy only where it ends.
    if continued > VCDIFFParser.carryLength {
      last.length = 0
      repeats.insert(position..<position + 1, of: new)
      return nil
    }
    if last.length > VCDIFFParser.carryLength {
      last = SuffixArray.Match(position: last.position + 1, length: last.length - 1)
    } else {
      last = suffixes.longestMatch(of: new, from: position, in: old)
    }
    offer(last.position, min(limit, last.length), recent, position, end, &taken)
    guard taken == nil else { return taken }
    var longest = VCDIFFParser.shortestCopy - 1
    var place = repeats.last(for: position, of: new)
    var depth = 0
    while let candidate = place, depth < VCDIFFParser.chainDepth {
      let count = min(limit, commonLength(new, position, new, candidate, from: 0))
      if count > longest {
        longest = count
        offer(self.old.count + candidate - window.lowerBound, count, recent, position, end, &taken)
      }
      place = repeats.before(candidate)
      depth += 1
    }
    if taken == nil { repeats.insert(position..<position + 1, of: new) }
    return taken
  }

  /// Adds copies of all lengths up to a match to the path, or takes it if it is long.
  private mutating func offer(
    _ address: Int, _ count: Int, _ recent: VCDIFFPath.Recent, _ position: Int, _ end: Int,
    _ taken: inout Match?
  ) {
    guard count >= VCDIFFParser.shortestCopy else { return }
    let cost = path.addressCost(address, at: position, recent)
    if count >= VCDIFFParser.niceLength {
      if let best = taken, best.count - best.cost >= count - cost { return }
      taken = Match(address: address, count: count, cost: cost)
    } else {
      path.addCopies(at: position, address: address, count: min(count, end - position), addressCost: cost)
    }
  }
}
