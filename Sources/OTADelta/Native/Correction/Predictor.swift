/// Says what each byte of a cover will be in the new image, with the addresses in it corrected.
///
/// Depends only on the old image, the map and the bytes that the new image really had until then: so an encoder that
/// knows them and a decoder that has just decoded them say the same.
///
/// Functions are mutating even where they change nothing: those work in place, while the compiler copies a value of
/// this size for the others.
struct Predictor: ~Copyable {
  /// How many cells of trust there are: 32 distances for each kind of field, and one for each kind.
  static var trustCount: Int { 40 * 32 + 40 }

  /// What is expected of one byte.
  struct Expectation {
    /// The byte.
    var byte: UInt8 = 0
    /// What it would be if the choice between corrected and unchanged is wrong.
    var alternative: UInt8 = 0
    /// The kind of the field; 0 for none.
    var kind: UInt8 = 0
    /// Which byte of the field it is.
    var place: UInt8 = 0
    /// Whether an earlier byte of the field was not as expected.
    var hasMissed: Bool = false
    /// Whether a corrected address begins here.
    var isCorrected: Bool = false
    /// How far corrections like it are trusted.
    var trust: UInt32 = 0
    /// The neighbourhood: of the address, if one is corrected, else of the place.
    var page: UInt32 = 0
  }

  let architecture: Architecture
  var map: CoverMap
  var oldSpace = AddressSpace()
  var newSpace = AddressSpace()
  var window: OldWindow
  /// What old addresses became when the map was wrong: pairs of words, an address plus 1 and the new address.
  let learned: Cells<UInt32>
  /// How far addresses moved when the map was wrong: pairs of words, a page plus 1 and the distance.
  let pages: Cells<UInt32>
  /// What the parts of the old image hold; in their order.
  var regions: RegionMap
  /// What the words of `offset32` are counted from, in the old image and in the new one.
  var oldOrigin: UInt32 = 0
  var newOrigin: UInt32 = 0
  /// Where position-independent code adds the program counter to its literals: pairs of words, the address of the
  /// literal plus 1 and the value that is added.
  let literals: Cells<UInt32>
  /// Whether corrections hold, by kind and neighbourhood.
  private let trust: Cells<Int8>

  private(set) var old: UInt32 = 0
  private(set) var new: UInt32 = 0
  var field = AddressField.plain(1)
  /// The four old bytes that the field begins with.
  var word: UInt32 = 0
  private var place: UInt32 = 0
  private var expected: FieldBits = 0
  private var alternative: FieldBits = 0
  private var corrected: FieldBits = 0
  var actual: FieldBits = 0
  private var hasMissed = false
  private var trustCell = 0
  /// The new address by the map, and by what neighbours did.
  private var mapTarget: UInt32 = 0
  private var nearTarget: UInt32 = 0
  /// By how much the last word that changed did.
  private var lastDelta: UInt32 = 0

  init(
    architecture: Architecture, map: CoverMap, window: OldWindow, learned: Cells<UInt32>,
    pages: Cells<UInt32>,
    trust: Cells<Int8>, literals: Cells<UInt32>, regions: RegionMap
  ) {
    self.literals = literals
    self.pages = pages
    self.regions = regions
    self.architecture = architecture
    self.map = map
    self.window = window
    self.learned = learned
    self.trust = trust
    // Checked once, not for every access: cells are masked, and kinds of fields are fewer than 40.
    precondition(
      learned.count >= 2 && learned.count & (learned.count - 1) == 0 && pages.count >= 2
        && pages.count & (pages.count - 1) == 0 && trust.count == Predictor.trustCount,
      "outside of the workspace")
  }

  /// Begins a cover, or goes on at another place of one.
  mutating func begin(old: UInt32, new: UInt32) {
    self.old = old
    self.new = new
    place = 0
    field = .plain(0)
  }

  /// What the next byte should be.
  @inline(__always)
  mutating func expect() -> Expectation {
    if place >= field.length { startField() }
    let shift = FieldBits(place) &* 8
    return Expectation(
      byte: UInt8(truncatingIfNeeded: expected >> shift),
      alternative: UInt8(truncatingIfNeeded: alternative >> shift), kind: field.kind.rawValue,
      place: UInt8(truncatingIfNeeded: place), hasMissed: hasMissed,
      isCorrected: place == 0 && corrected != field.bits,
      trust: unsafe UInt32(bitPattern: Int32(trust[unchecked: trustCell])) & 15,
      page: corrected != field.bits ? field.target >> 12 : old >> 10)
  }

  /// What is expected of the bytes of the current field that are to come.
  struct Run {
    /// The bytes, the next lowest.
    var bits: FieldBits = 0
    /// What they would be if the choice between corrected and unchanged is wrong.
    var alternative: FieldBits = 0
    /// What the first of them is.
    var first = Expectation()
    /// How many there are.
    var count = 0

    /// What is expected of one of them, and then of the next.
    mutating func next() -> Expectation {
      var result = first
      result.byte = UInt8(truncatingIfNeeded: bits)
      result.alternative = UInt8(truncatingIfNeeded: alternative)
      bits >>= 8
      alternative >>= 8
      count -= 1
      first.place += 1
      return result
    }
  }

  /// What the next bytes should be, as far as they belong to one field.
  @inline(__always)
  mutating func expectRun() -> Run {
    let first = expect()
    let shift = FieldBits(place) &* 8
    return Run(bits: expected &>> shift, alternative: alternative &>> shift, first: first, count: leftCount)
  }

  /// Goes to the next byte, where a field may begin.
  ///
  /// - Returns: whether a corrected address begins here.
  @inline(__always)
  mutating func startsCorrection() -> Bool {
    if place >= field.length { startField() }
    return place == 0 && corrected != field.bits
  }

  /// How many bytes of the current field are to come.
  @inline(__always)
  var leftCount: Int { Int(field.length &- place) }

  /// What they should be, the next lowest; bits above them mean nothing.
  @inline(__always)
  var expectedBits: FieldBits { expected &>> (FieldBits(place) &* 8) }

  /// Takes what the next byte was.
  @inline(__always)
  mutating func accept(_ byte: UInt8) { accept(FieldBits(byte), count: 1) }

  /// Takes what the next bytes were, the first lowest; bits above them are not looked at.
  ///
  /// - Parameters:
  ///   - bits: the bytes.
  ///   - count: how many, at least 1 and at most ``leftCount``.
  @inline(__always)
  mutating func accept(_ bits: FieldBits, count: Int) {
    let shift = FieldBits(place) &* 8
    let mask = FieldBits.max &>> (FieldBits(FieldBits.bitWidth) &- FieldBits(truncatingIfNeeded: count) &* 8)
    if (bits ^ expected &>> shift) & mask != 0 { hasMissed = true }
    actual |= (bits & mask) &<< shift
    let distance = UInt32(truncatingIfNeeded: count)
    old &+= distance
    new &+= distance
    place &+= distance
    if place == field.length {
      if field.kind != .none {
        endField()
      } else if field.length == 4, old & 3 == 0, actual != expected {
        lastDelta = UInt32(truncatingIfNeeded: actual &- expected)
      }
    }
  }

  private mutating func startField() {
    place = 0
    hasMissed = false
    actual = 0
    let address = oldSpace.address(of: old)
    detect(address)
    if field.kind == .none {
      expected = FieldBits(word)
      alternative = old & 3 == 0 && field.length == 4 ? FieldBits(word &+ lastDelta) : expected
      corrected = 0
      return
    }
    expected = field.bits
    alternative = field.bits
    corrected = field.bits
    let target = choose()
    guard let bits = newBits(target) else { return }
    corrected = bits
    guard bits != field.bits else { return }
    let distance = Int32(bitPattern: field.target &- address).magnitude
    trustCell = Int(field.kind.rawValue) << 5 | (32 - distance.leadingZeroBitCount) & 31
    if unsafe trust[unchecked: trustCell] >= 0 { expected = bits } else { alternative = bits }
  }

  /// Where the address of the field most likely is in the new image.
  private mutating func choose() -> UInt32 {
    mapTarget = mapped(field.target)
    nearTarget = mapTarget
    if let known = learnedTarget(field.target) { return known }
    guard let near = pageTarget(field.target) else { return mapTarget }
    nearTarget = near
    let isMapped = oldSpace.offset(of: field.target) != nil
    let isSure = unsafe pages[unchecked: pageCell(field.target)] >> 24 >= 2
    return unsafe !isMapped || (isSure && trust[unchecked: nearTrustCell] >= 0) ? near : mapTarget
  }

  /// Whether neighbours are a better guide than the map, by kind.
  private var nearTrustCell: Int { mutating get { 40 << 5 | Int(field.kind.rawValue) } }

  private mutating func endField() {
    if corrected != field.bits {
      let value = unsafe trust[unchecked: trustCell]
      if actual == corrected { unsafe trust[unchecked: trustCell] = min(value + 1, 6) }
      if actual == field.bits { unsafe trust[unchecked: trustCell] = max(value - 1, -6) }
    }
    guard actual != field.bits || corrected != field.bits else { return }
    guard let target = newTarget() else { return }
    if nearTarget != mapTarget {
      let value = unsafe trust[unchecked: nearTrustCell]
      if target == nearTarget { unsafe trust[unchecked: nearTrustCell] = min(value + 1, 6) }
      if target == mapTarget { unsafe trust[unchecked: nearTrustCell] = max(value - 1, -6) }
    }
    let cell = learnedCell(field.target)
    if unsafe target != mapped(field.target) || learned[unchecked: cell] == field.target &+ 1 {
      unsafe learned[unchecked: cell] = field.target &+ 1
      unsafe learned[unchecked: cell &+ 1] = target
    }
    notePage(target)
  }

  /// Remembers how far the addresses near a target moved, if the map was wrong about it, and how often that held.
  private mutating func notePage(_ target: UInt32) {
    let cell = pageCell(field.target)
    let key = field.target >> 12 &+ 1
    let word = unsafe pages[unchecked: cell]
    let isWrong = target != mapped(field.target)
    guard word & 0xff_ffff == key else {
      if isWrong {
        unsafe pages[unchecked: cell] = key
        unsafe pages[unchecked: cell &+ 1] = target &- field.target
      }
      return
    }
    let confidence = word >> 24
    if unsafe target &- field.target == pages[unchecked: cell &+ 1] {
      unsafe pages[unchecked: cell] = key | min(confidence + 1, 7) << 24
    } else if confidence > 0 {
      unsafe pages[unchecked: cell] = key | (confidence - 1) << 24
    } else {
      unsafe pages[unchecked: cell &+ 1] = target &- field.target
    }
  }

  private mutating func learnedCell(_ target: UInt32) -> Int {
    (Int((target &* 0x9e37_79b1) >> 16) & (learned.count / 2 &- 1)) &* 2
  }

  mutating func learnedTarget(_ target: UInt32) -> UInt32? {
    let cell = learnedCell(target)
    return unsafe learned[unchecked: cell] == target &+ 1 ? learned[unchecked: cell &+ 1] : nil
  }

  private mutating func pageCell(_ target: UInt32) -> Int {
    (Int((target >> 12 &* 0x9e37_79b1) >> 16) & (pages.count / 2 &- 1)) &* 2
  }

  /// Where an address is in the new image if it moved as far as the last ones near it that the map was wrong about.
  mutating func pageTarget(_ target: UInt32) -> UInt32? {
    let cell = pageCell(target)
    let word = unsafe pages[unchecked: cell]
    guard word & 0xff_ffff == target >> 12 &+ 1 else { return nil }
    return unsafe target &+ pages[unchecked: cell &+ 1]
  }

  /// Where an address of the old image is in the new one.
  mutating func mapped(_ target: UInt32) -> UInt32 {
    let isThumbPointer =
      architecture == .thumb && (field.kind == .pointer32 || field.kind == .thumbOffset)
    let place = isThumbPointer ? target & ~1 : target
    guard let offset = oldSpace.offset(of: place) else { return target }
    return newSpace.address(of: map.map(offset)) | (target ^ place)
  }
}
