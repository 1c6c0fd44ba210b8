import OTADeltaVCDIFF

/// The cheapest instructions to each place of a stretch of the window.
///
/// To each place there are up to four ways, by how many new bytes they end with: a long run of them has already paid for
/// its size, and a short copy within it makes the next run pay again. With one way alone such copies would win, and lose
/// bytes afterwards.
///
/// Costs are bytes of the patch. Addresses are those of the window with the whole old image as its segment; the segment
/// that is written later may be shorter, which makes none longer.
struct VCDIFFPath: ~Copyable {
  /// The last four copies on the way to a place.
  struct Recent {
    /// Where they come from; 0 for none, as in the cache of the format.
    var addresses = InlineArray<4, Int>(repeating: 0)
    /// Where in the new image they begin; -1 for none.
    var places = InlineArray<4, Int>(repeating: -1)
  }

  /// The best way to a place.
  private struct Node {
    var cost = Int32.max
    /// How many bytes the last instruction makes; 1 for a new byte.
    var count: Int32 = 0
    /// Where the last instruction copies from; ``VCDIFFPath/literal`` or ``VCDIFFPath/run`` if it does not.
    var address = VCDIFFPath.literal
    /// How many new bytes end here.
    var literals: Int32 = 0
    /// Where in the stretch the last copy ends; -1 for none.
    var lastCopy: Int32 = -1
    /// By which of the ways the place is reached where the last instruction begins.
    var way: UInt8 = 0
    /// Whether the one new byte that ends here shares the code of the copy before it.
    var isJoined = false
  }

  /// How many ways there are to a place: after a copy, and after new bytes with no size, one byte of it, or more.
  private static let wayCount = 4
  private static let literal = -1
  private static let run = -2

  private var nodes: [Node]
  /// How many nodes may have been reached.
  private var reached = 0
  private var start = 0
  private var windowStart = 0
  private var addressOfWindow = 0
  /// The last copies before the stretch, the latest first.
  private var before = Recent()
  private var cache = VCDIFFAddressCache()

  /// Makes room.
  ///
  /// - Parameter capacity: the most bytes of a stretch.
  init(capacity: Int) {
    nodes = [Node](repeating: Node(), count: (capacity + 1) * VCDIFFPath.wayCount)
  }

  /// Forgets all copies.
  ///
  /// - Parameters:
  ///   - start: the place of the window in the new image.
  ///   - addressOfWindow: the address of its first byte.
  mutating func beginWindow(at start: Int, addressOfWindow: Int) {
    windowStart = start
    self.addressOfWindow = addressOfWindow
    before = Recent()
    cache = VCDIFFAddressCache()
  }

  /// Starts at a place that is reached.
  ///
  /// - Parameters:
  ///   - start: the place in the new image.
  ///   - literals: how many new bytes end there.
  mutating func beginStretch(at start: Int, literals: Int) {
    self.start = start
    for index in 0..<reached { nodes[index].cost = .max }
    reached = VCDIFFPath.wayCount
    nodes[VCDIFFPath.way(literals)] = Node(cost: 0, literals: Int32(clamping: literals))
  }

  /// Which way ends with so many new bytes.
  private static func way(_ literals: Int) -> Int {
    literals == 0 ? 0 : literals <= 17 ? 1 : literals <= 127 ? 2 : 3
  }

  /// The cheapest way to a place.
  private func best(_ index: Int) -> Int {
    var best = 0
    for way in 1..<VCDIFFPath.wayCount
    where nodes[index * VCDIFFPath.wayCount + way].cost < nodes[index * VCDIFFPath.wayCount + best].cost {
      best = way
    }
    return best
  }

  /// A way to a place.
  private func node(_ index: Int, _ way: Int) -> Node {
    nodes[index * VCDIFFPath.wayCount + way]
  }

  /// The last copies on the best way to a place, the latest first.
  func recent(at place: Int) -> Recent {
    var recent = Recent()
    var found = 0
    var end = Int(node(place - start, best(place - start)).lastCopy)
    while end >= 0, found < 4 {
      let copy = node(end, 0)
      recent.addresses[found] = copy.address
      recent.places[found] = start + end - Int(copy.count)
      found += 1
      end = Int(node(end - Int(copy.count), Int(copy.way)).lastCopy)
    }
    var earlier = 0
    while found < 4 {
      recent.addresses[found] = before.addresses[earlier]
      recent.places[found] = before.places[earlier]
      found += 1
      earlier += 1
    }
    return recent
  }

  /// What an address takes at a place.
  func addressCost(_ address: Int, at place: Int, _ recent: Recent) -> Int {
    if cache.hasSame(address) { return 1 }
    let here = addressOfWindow + place - windowStart
    var best = min(address, here - address)
    for index in 0..<4 where recent.addresses[index] <= address {
      best = min(best, address - recent.addresses[index])
    }
    return VCDIFFInteger.size(of: best)
  }

  /// A new byte at a place.
  mutating func addLiteral(at place: Int) {
    let index = place - start
    for way in 0..<VCDIFFPath.wayCount {
      let from = node(index, way)
      guard from.cost < .max else { continue }
      var cost = from.cost + 1
      var isJoined = false
      if from.literals == 0 {
        isJoined = from.count == 4 && from.address >= 0
        if !isJoined { cost += 1 }
      } else if from.isJoined || from.literals == 17 || from.literals == 127 || from.literals == 16_383 {
        // A code of its own, or one more byte of the size.
        cost += 1
      }
      let to = (index + 1) * VCDIFFPath.wayCount + VCDIFFPath.way(Int(from.literals) + 1)
      reached = max(reached, to + 1)
      guard cost < nodes[to].cost else { continue }
      nodes[to] = Node(
        cost: cost, count: 1, address: VCDIFFPath.literal, literals: from.literals + 1,
        lastCopy: from.lastCopy,
        way: UInt8(way), isJoined: isJoined)
    }
  }

  /// The byte at a place, several times.
  mutating func addRun(at place: Int, count: Int) {
    let index = place - start
    let way = best(index)
    let from = node(index, way)
    let cost = from.cost + 2 + Int32(VCDIFFInteger.size(of: count))
    let to = (index + count) * VCDIFFPath.wayCount
    reached = max(reached, to + 1)
    guard cost < nodes[to].cost else { return }
    nodes[to] = Node(
      cost: cost, count: Int32(count), address: VCDIFFPath.run, lastCopy: from.lastCopy, way: UInt8(way))
  }

  /// Copies of every length that is worth it.
  ///
  /// - Parameters:
  ///   - place: where they go.
  ///   - address: where they come from.
  ///   - count: the length of the longest.
  ///   - addressCost: what the address takes.
  mutating func addCopies(at place: Int, address: Int, count: Int, addressCost: Int) {
    let index = place - start
    let bestWay = best(index)
    let bestCost = node(index, bestWay).cost + Int32(addressCost)
    // Behind up to four new bytes a short copy shares their code.
    let short = node(index, 1)
    let isDouble = short.cost < .max && short.literals <= 4 && !short.isJoined
    reached = max(reached, (index + count) * VCDIFFPath.wayCount + 1)
    var length = 4
    while length <= count {
      var way = bestWay
      var cost = bestCost + (length <= 18 ? 1 : 1 + Int32(VCDIFFInteger.size(of: length)))
      if length <= 6, isDouble, short.cost + Int32(addressCost) < cost {
        way = 1
        cost = short.cost + Int32(addressCost)
      }
      let to = (index + length) * VCDIFFPath.wayCount
      if cost < nodes[to].cost {
        nodes[to] = Node(
          cost: cost, count: Int32(length), address: address, lastCopy: Int32(index + length), way: UInt8(way)
        )
      }
      length += 1
    }
  }

  /// Ends the stretch at a place, and appends the way there.
  mutating func finish(at place: Int, into steps: inout [VCDIFFStep]) {
    var path: [(end: Int, way: Int)] = []
    var index = place - start
    var way = best(index)
    while index > 0 {
      path.append((index, way))
      let node = node(index, way)
      index -= Int(node.count)
      way = Int(node.way)
    }
    for (end, way) in path.reversed() {
      let node = node(end, way)
      let count = Int(node.count)
      let begin = start + end - count
      if node.address == VCDIFFPath.literal {
        if case .add(let before) = steps.last {
          steps[steps.count - 1] = .add(count: before + 1)
        } else {
          steps.append(.add(count: 1))
        }
      } else if node.address == VCDIFFPath.run {
        steps.append(.run(count: count))
      } else {
        take(node.address, at: begin)
        steps.append(
          node.address < addressOfWindow
            ? .copyOld(position: node.address, count: count)
            : .copyNew(position: node.address - addressOfWindow + windowStart, count: count))
      }
    }
  }

  /// Takes over a copy that is decided upon.
  mutating func take(_ address: Int, at place: Int) {
    for index in stride(from: 3, to: 0, by: -1) {
      before.addresses[index] = before.addresses[index - 1]
      before.places[index] = before.places[index - 1]
    }
    before.addresses[0] = address
    before.places[0] = place
    cache.update(address)
  }
}
