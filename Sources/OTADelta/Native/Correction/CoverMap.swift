/// The covers of a patch: which part of the new image comes from which part of the old one.
///
/// That is also the map from old places to new ones.
///
/// Functions are mutating even where they change nothing, see ``Predictor``.
struct CoverMap {
  /// All old places, then all new ones, all lengths, and the covers in the order of their old places.
  private let words: Cells<UInt32>
  /// How many covers there is room for.
  private let capacity: Int
  private(set) var count = 0
  /// How many of them the map uses: those whose old part is not inside that of another one.
  private var orderCount = 0

  /// - Parameter words: four for each cover.
  init(words: Cells<UInt32>) {
    self.words = words
    capacity = words.count / 4
  }

  @inline(__always)
  func old(_ index: Int) -> UInt32 { words[index] }
  @inline(__always)
  func new(_ index: Int) -> UInt32 { words[capacity &+ index] }
  @inline(__always)
  func length(_ index: Int) -> UInt32 { words[2 &* capacity &+ index] }
  /// The number of the cover at a place in the order.
  @inline(__always)
  private func order(_ index: Int) -> Int { Int(truncatingIfNeeded: words[3 &* capacity &+ index]) }
  @inline(__always)
  private func setOrder(_ index: Int, _ cover: Int) {
    words[3 &* capacity &+ index] = UInt32(truncatingIfNeeded: cover)
  }

  /// Adds the next cover of the new image.
  mutating func append(old: UInt32, new: UInt32, length: UInt32) {
    precondition(count < capacity, "outside of the workspace")
    words[count] = old
    words[capacity &+ count] = new
    words[2 &* capacity &+ count] = length
    setOrder(count, count)
    count &+= 1
  }

  @inline(__always)
  private func isInFront(_ left: Int, _ right: Int) -> Bool {
    let first = old(left)
    let second = old(right)
    return first < second || (first == second && left < right)
  }

  /// Sorts the order by old places: a heap sort, whose time no patch can make worse.
  private mutating func sort() {
    var start = count / 2
    var end = count
    while end > 1 {
      if start > 0 {
        start &-= 1
      } else {
        end &-= 1
        swap(0, end)
      }
      sift(start, end: end)
    }
  }

  #if hasFeature(Embedded)
  @inline(never)
  #else
  @inline(__always)
  #endif
  private mutating func swap(_ first: Int, _ second: Int) {
    let moved = order(first)
    setOrder(first, order(second))
    setOrder(second, moved)
  }

  @inline(__always)
  private mutating func sift(_ start: Int, end: Int) {
    var root = start
    while 2 &* root &+ 1 < end {
      var child = 2 &* root &+ 1
      if child &+ 1 < end, isInFront(order(child), order(child &+ 1)) { child &+= 1 }
      guard isInFront(order(root), order(child)) else { return }
      swap(root, child)
      root = child
    }
  }

  /// Ends the list: leaves out of the map what lies inside of a longer cover, such as a few bytes that were found
  /// far away.
  #if hasFeature(Embedded)
  @inline(never)
  #endif
  mutating func finish() {
    sort()
    orderCount = 0
    var end: UInt32 = 0
    var index = 0
    while index < count {
      let cover = order(index)
      index &+= 1
      let coverEnd = old(cover) &+ length(cover)
      guard orderCount == 0 || coverEnd > end else { continue }
      setOrder(orderCount, cover)
      orderCount &+= 1
      end = coverEnd
    }
  }

  /// Where an old place is in the new image.
  ///
  /// - Parameter place: an offset in the old image.
  /// - Returns: the offset in the new one; outside of all covers as far from the nearest as in the old image. With
  ///   no cover, the same offset.
  mutating func map(_ place: UInt32) -> UInt32 {
    guard orderCount > 0 else { return place }
    var low = 0
    var high = orderCount
    while low < high {
      let middle = (low &+ high) >> 1
      if old(order(middle)) <= place { low = middle &+ 1 } else { high = middle }
    }
    // The first cover behind the place counts if it is nearer than the last one that begins in front of it.
    var cover = order(max(low, 1) &- 1)
    if low > 0, low < orderCount {
      let distance = place &- old(cover)
      let length = length(cover)
      let next = order(low)
      if distance >= length, distance &- length > old(next) &- place { cover = next }
    }
    return place &+ new(cover) &- old(cover)
  }
}
