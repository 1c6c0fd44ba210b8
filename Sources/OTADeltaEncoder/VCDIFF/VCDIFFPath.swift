import OTADeltaVCDIFF

/// The cheapest instructions to each place of a stretch of the window.
///
/// Costs are bytes of the patch. Addresses are those of the window with the whole old image as its segment; the segment
/// that is written later may be shorter, which makes none longer.
struct VCDIFFPath {
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
    /// The node where the last copy ends; -1 for none in this stretch.
    var lastCopy: Int32 = -1
    /// Whether the one new byte that ends here shares the code of the copy before it.
    var isJoined = false
  }

  private static let literal = -1
  private static let run = -2

  private var nodes: [Node]
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
    nodes = [Node](repeating: Node(), count: capacity + 1)
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
    for index in nodes.indices { nodes[index].cost = .max }
    nodes[0] = Node(cost: 0, literals: Int32(clamping: literals))
  }

  /// The last copies on the best way to a place, the latest first.
  func recent(at place: Int) -> Recent {
    var recent = Recent()
    var found = 0
    var node = Int(nodes[place - start].lastCopy)
    while node >= 0, found < 4 {
      recent.addresses[found] = nodes[node].address
      recent.places[found] = start + node - Int(nodes[node].count)
      found += 1
      node = Int(nodes[node - Int(nodes[node].count)].lastCopy)
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
    let from = nodes[index]
    var cost = from.cost + 1
    var isJoined = false
    if from.literals == 0 {
      isJoined = from.count == 4 && from.address >= 0
      if !isJoined { cost += 1 }
    } else if from.isJoined || from.literals == 17 {
      cost += 1
    }
    guard cost < nodes[index + 1].cost else { return }
    nodes[index + 1] = Node(
      cost: cost, count: 1, address: VCDIFFPath.literal, literals: from.literals &+ 1,
      lastCopy: from.lastCopy,
      isJoined: isJoined)
  }

  /// The byte at a place, several times.
  mutating func addRun(at place: Int, count: Int) {
    let index = place - start
    let cost = nodes[index].cost + 2 + Int32(VCDIFFInteger.size(of: count))
    guard cost < nodes[index + count].cost else { return }
    nodes[index + count] = Node(
      cost: cost, count: Int32(count), address: VCDIFFPath.run, lastCopy: nodes[index].lastCopy)
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
    let from = nodes[index]
    let isDouble = (1...4).contains(from.literals) && !from.isJoined
    var length = 4
    while length <= count {
      let codeCost = length <= 6 && isDouble ? 0 : length <= 18 ? 1 : 1 + VCDIFFInteger.size(of: length)
      let cost = from.cost + Int32(addressCost + codeCost)
      if cost < nodes[index + length].cost {
        nodes[index + length] = Node(
          cost: cost, count: Int32(length), address: address, lastCopy: Int32(index + length))
      }
      length += 1
    }
  }

  /// Ends the stretch at a place, and appends the way there.
  mutating func finish(at place: Int, into steps: inout [VCDIFFStep]) {
    var way: [Int] = []
    var index = place - start
    while index > 0 {
      way.append(index)
      index -= Int(nodes[index].count)
    }
    for index in way.reversed() {
      let node = nodes[index]
      let count = Int(node.count)
      let begin = start + index - count
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
