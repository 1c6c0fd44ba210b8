import OTACore

/// What the variables of an environment say about booting.
struct BootSettings {
  /// `BOOT_ORDER` as it stands there, up to 128 characters.
  private var order = InlineArray<128, UInt8>(repeating: 0)
  private var orderCount = 0
  /// The slot on trial, if it is one of the two.
  var trial: SlotIdentifier?
  /// The attempts left.
  var leftA: UInt8
  var leftB: UInt8

  /// What boot scripts assume if there are no variables: slot a, then slot b, with all attempts.
  init(_ variables: UBootVariables) {
    leftA = variables.defaultAttempts
    leftB = variables.defaultAttempts
    append(variables.slotA.bytes)
    append(variables.slotB.bytes)
  }

  /// The longest value that is taken.
  static var maximumValueCount: Int { 128 }

  subscript(slot: SlotIdentifier) -> UInt8 {
    get { slot == .a ? leftA : leftB }
    set { if slot == .a { leftA = newValue } else { leftB = newValue } }
  }

  var orderBytes: Span<UInt8> {
    @_lifetime(borrow self)
    borrowing get { order.span.extracting(0..<orderCount) }
  }

  /// Takes the value of one of the variables; the last one of a name counts, as in U-Boot.
  mutating func take(_ value: Span<UInt8>, of name: Span<UInt8>, _ variables: UBootVariables) {
    if variables.order.isEqual(to: name) {
      orderCount = min(value.count, order.count)
      for index in 0..<orderCount { order[index] = value[index] }
    } else if variables.trial.isEqual(to: name) {
      trial =
        variables.slotA.isEqual(to: value) ? .a : variables.slotB.isEqual(to: value) ? .b : nil
    } else if variables.leftA.isEqual(to: name) {
      leftA = BootSettings.number(value)
    } else if variables.leftB.isEqual(to: name) {
      leftB = BootSettings.number(value)
    }
  }

  /// The hexadecimal number that a value begins with, 255 if it is higher, 0 if there is none.
  private static func number(_ value: Span<UInt8>) -> UInt8 {
    var number = 0
    for index in 0..<value.count {
      let digit: UInt8
      switch value[index] {
      case 0x30...0x39: digit = value[index] - 0x30
      case 0x41...0x46: digit = value[index] - 0x41 + 10
      case 0x61...0x66: digit = value[index] - 0x61 + 10
      default: return UInt8(number)
      }
      number = min(255, number * 16 + Int(digit))
    }
    return UInt8(number)
  }

  // MARK: The order

  /// What boots next.
  func selection(_ variables: UBootVariables) -> BootSelection? {
    if let trial, leads(variables.name(of: trial)) {
      return .trial(trial, attemptsLeft: self[trial])
    }
    return bootable(variables).map { .confirmed($0) }
  }

  /// The first slot in the order that has attempts left; `nil` if there is none, or another system comes first.
  private func bootable(_ variables: UBootVariables) -> SlotIdentifier? {
    var start = 0
    while let name = nextName(from: start) {
      start = name.upperBound
      let bytes = order.span.extracting(name)
      let slot: SlotIdentifier
      if variables.slotA.isEqual(to: bytes) {
        slot = .a
      } else if variables.slotB.isEqual(to: bytes) {
        slot = .b
      } else {
        return nil
      }
      if self[slot] > 0 { return slot }
    }
    return nil
  }

  /// Whether the order names anything else than a slot.
  func hasOther(than slot: EnvironmentName) -> Bool {
    var start = 0
    while let name = nextName(from: start) {
      start = name.upperBound
      if !slot.isEqual(to: order.span.extracting(name)) { return true }
    }
    return false
  }

  /// Takes a slot out of the order, and puts it in front if it is to be there.
  ///
  /// - Returns: false if the order is too long then.
  mutating func move(_ slot: EnvironmentName, toFront: Bool) -> Bool {
    let old = self
    orderCount = 0
    if toFront, !append(slot.bytes) { return false }
    var start = 0
    while let name = old.nextName(from: start) {
      start = name.upperBound
      let bytes = old.order.span.extracting(name)
      guard slot.isEqual(to: bytes) || append(bytes) else { return false }
    }
    return true
  }

  @discardableResult
  private mutating func append(_ name: Span<UInt8>) -> Bool {
    let space = orderCount > 0 ? 1 : 0
    guard name.count <= order.count - orderCount - space else { return false }
    if space > 0 { order[orderCount] = UInt8(ascii: " ") }
    for index in 0..<name.count { order[orderCount + space + index] = name[index] }
    orderCount += space + name.count
    return true
  }

  /// Whether a slot is the first in the order.
  func leads(_ slot: EnvironmentName) -> Bool {
    guard let name = nextName(from: 0) else { return false }
    return slot.isEqual(to: order.span.extracting(name))
  }

  private func nextName(from start: Int) -> Range<Int>? {
    var first = start
    while first < orderCount, order[first] == UInt8(ascii: " ") { first += 1 }
    guard first < orderCount else { return nil }
    var end = first
    while end < orderCount, order[end] != UInt8(ascii: " ") { end += 1 }
    return first..<end
  }
}
