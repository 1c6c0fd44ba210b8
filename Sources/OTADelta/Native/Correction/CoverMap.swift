/// The covers of a patch: which part of the new image comes from which part of the old one.
///
/// That is also the map from old places to new ones.
struct CoverMap {
  private let olds: Cells<UInt32>
  private let news: Cells<UInt32>
  private let lengths: Cells<UInt32>
  /// The covers in the order of their old places.
  private let order: Cells<UInt32>
  private(set) var count = 0
  /// How many of them the map uses: those whose old part is not inside that of another one.
  private var orderCount = 0

  /// - Parameters:
  ///   - olds: a word for each cover.
  ///   - news: a word for each cover.
  ///   - lengths: a word for each cover.
  ///   - order: a word for each cover.
  init(olds: Cells<UInt32>, news: Cells<UInt32>, lengths: Cells<UInt32>, order: Cells<UInt32>) {
    self.olds = olds
    self.news = news
    self.lengths = lengths
    self.order = order
  }

  func old(_ index: Int) -> UInt32 { olds[index] }
  func new(_ index: Int) -> UInt32 { news[index] }
  func length(_ index: Int) -> UInt32 { lengths[index] }

  /// Adds the next cover of the new image.
  mutating func append(old: UInt32, new: UInt32, length: UInt32) {
    olds[count] = old
    news[count] = new
    lengths[count] = length
    order[count] = UInt32(count)
    count += 1
  }

  private func isInFront(_ left: UInt32, _ right: UInt32) -> Bool {
    let first = olds[Int(left)]
    let second = olds[Int(right)]
    return first < second || (first == second && left < right)
  }

  /// Sorts `order` by old places: a heap sort, whose time no patch can make worse.
  private func sort() {
    var start = count / 2
    while start > 0 {
      start -= 1
      sift(start, end: count)
    }
    var end = count
    while end > 1 {
      end -= 1
      let largest = order[0]
      order[0] = order[end]
      order[end] = largest
      sift(0, end: end)
    }
  }

  private func sift(_ start: Int, end: Int) {
    var root = start
    while 2 * root + 1 < end {
      var child = 2 * root + 1
      if child + 1 < end, isInFront(order[child], order[child + 1]) { child += 1 }
      guard isInFront(order[root], order[child]) else { return }
      let moved = order[root]
      order[root] = order[child]
      order[child] = moved
      root = child
    }
  }

  /// Ends the list: leaves out of the map what lies inside of a longer cover, such as a few bytes that were found
  /// far away.
  mutating func finish() {
    sort()
    orderCount = 0
    var end: UInt32 = 0
    for index in 0..<count {
      let cover = order[index]
      let coverEnd = olds[Int(cover)] &+ lengths[Int(cover)]
      guard orderCount == 0 || coverEnd > end else { continue }
      order[orderCount] = cover
      orderCount += 1
      end = coverEnd
    }
  }

  /// Where an old place is in the new image.
  ///
  /// - Parameter old: an offset in the old image.
  /// - Returns: the offset in the new one; outside of all covers as far from the nearest as in the old image. With
  ///   no cover, the same offset.
  func map(_ old: UInt32) -> UInt32 {
    guard orderCount > 0 else { return old }
    var low = 0
    var high = orderCount
    while low < high {
      let middle = (low + high) >> 1
      if olds[Int(order[middle])] <= old { low = middle + 1 } else { high = middle }
    }
    guard low > 0 else { return shift(order[0], old) }
    let before = Int(order[low - 1])
    let distance = old &- olds[before]
    guard distance >= lengths[before], low < orderCount else { return shift(UInt32(before), old) }
    let after = Int(order[low])
    return distance - lengths[before] <= olds[after] - old
      ? shift(UInt32(before), old) : shift(UInt32(after), old)
  }

  private func shift(_ index: UInt32, _ old: UInt32) -> UInt32 { old &+ news[Int(index)] &- olds[Int(index)] }
}
