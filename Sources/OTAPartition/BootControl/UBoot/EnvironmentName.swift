public import OTACore

/// The name of a variable of a U-Boot environment, or of a slot in one: 1 to 32 printable ASCII characters other than
/// the space and `=`.
public struct EnvironmentName: Equatable, Sendable {
  /// The most characters that a name has.
  public static var maximumCount: Int { 32 }

  private var storage = InlineArray<32, UInt8>(repeating: 0)
  /// How many characters it has.
  public private(set) var count = 0

  /// Takes the characters of a name.
  ///
  /// - Throws: kind `ParseError.Kind.invalidValue` if there are none, more than ``maximumCount``, or one that may not be
  ///   in a name; the offset is that of the character.
  public init(bytes: Span<UInt8>) throws(ParseError) {
    guard !bytes.isEmpty, bytes.count <= EnvironmentName.maximumCount else {
      throw ParseError(.invalidValue, at: 0)
    }
    for index in 0..<bytes.count {
      guard EnvironmentName.isAllowed(bytes[index]) else { throw ParseError(.invalidValue, at: index) }
      append(bytes[index])
    }
  }

  /// Makes a name from text in the program.
  ///
  /// - Precondition: it is a name.
  public init(_ text: StaticString) {
    precondition(
      (1...EnvironmentName.maximumCount).contains(text.utf8CodeUnitCount), "a name has 1 to 32 characters")
    text.withUTF8Buffer { buffer in
      for index in 0..<buffer.count {
        let character = unsafe buffer[index]
        precondition(EnvironmentName.isAllowed(character), "a name has no spaces and no equals sign")
        append(character)
      }
    }
  }

  /// The characters.
  public var bytes: Span<UInt8> {
    @_lifetime(borrow self)
    borrowing get { storage.span.extracting(0..<count) }
  }

  /// Compares all characters.
  public static func == (left: EnvironmentName, right: EnvironmentName) -> Bool {
    right.isEqual(to: left.bytes)
  }

  /// Whether these are the characters.
  func isEqual(to bytes: Span<UInt8>) -> Bool {
    guard bytes.count == count else { return false }
    for index in 0..<count where bytes[index] != storage[index] { return false }
    return true
  }

  private mutating func append(_ character: UInt8) {
    storage[count] = character
    count += 1
  }

  private static func isAllowed(_ character: UInt8) -> Bool {
    (0x21...0x7e).contains(character) && character != UInt8(ascii: "=")
  }
}

/// Which variables of the environment say what boots, and what the slots are called in them.
///
/// - Note: Source: RAUC, `src/bootloaders/uboot.c`, and U-Boot, `doc/develop/bootstd/rauc.rst`, for all but ``trial``,
///   which is a project decision.
public struct UBootVariables: Equatable, Sendable {
  /// The names of slots in the order in which they are tried, separated by spaces: `BOOT_ORDER`.
  public var order = EnvironmentName("BOOT_ORDER")
  /// The name of the slot that is on trial; not there if none is: `BOOT_TRIAL`.
  ///
  /// Boot scripts need not know it. Without it a slot that is being tried and one that is confirmed look the same.
  public var trial = EnvironmentName("BOOT_TRIAL")
  /// What slot a is called.
  public var slotA = EnvironmentName("A")
  /// What slot b is called.
  public var slotB = EnvironmentName("B")
  /// How often slot a may boot before it is confirmed again: `BOOT_A_LEFT`.
  public var leftA = EnvironmentName("BOOT_A_LEFT")
  /// How often slot b may boot before it is confirmed again: `BOOT_B_LEFT`.
  public var leftB = EnvironmentName("BOOT_B_LEFT")
  /// How many attempts a confirmed slot has, 1 to 9; also those of a slot that has no variable.
  public var defaultAttempts: UInt8 = 3

  /// Takes the usual names.
  public init() {}

  func name(of slot: SlotIdentifier) -> EnvironmentName { slot == .a ? slotA : slotB }

  /// Whether one of the variables is called so.
  func contains(_ name: Span<UInt8>) -> Bool {
    order.isEqual(to: name) || trial.isEqual(to: name) || leftA.isEqual(to: name) || leftB.isEqual(to: name)
  }

  /// Whether no two variables, and no two slots, have the same name, and the attempts can be written as one digit.
  var areValid: Bool {
    slotA != slotB && order != trial && order != leftA && order != leftB && trial != leftA && trial != leftB
      && leftA != leftB && (1...9).contains(defaultAttempts)
  }
}
