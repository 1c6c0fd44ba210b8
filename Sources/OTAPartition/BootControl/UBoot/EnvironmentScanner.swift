import OTACore

/// Takes the data of an environment apart, byte by byte, without ever holding more than one variable's beginning.
///
/// The data are strings `name=value`, each ended by a zero, and another zero at the end.
struct EnvironmentScanner {
  /// What became of a byte.
  enum Step {
    /// More is needed.
    case none
    /// A variable has ended.
    case variable
    /// The data have ended, and what follows has no meaning.
    case end
  }

  /// The beginning of the variable: a name, `=`, and as much of the value as is ever needed.
  private var line = InlineArray<164, UInt8>(repeating: 0)
  /// How long the variable is, whatever of it was kept.
  private(set) var count = 0
  private var nameCount: Int?
  private(set) var isAtEnd = false

  /// Takes the next byte.
  mutating func take(_ byte: UInt8) -> Step {
    if isAtEnd { return .end }
    if byte == 0 {
      isAtEnd = count == 0
      return isAtEnd ? .end : .variable
    }
    if count < line.count { line[count] = byte }
    if byte == UInt8(ascii: "="), nameCount == nil { nameCount = count }
    count += 1
    return .none
  }

  /// Makes ready for the next variable.
  mutating func reset() {
    count = 0
    nameCount = nil
  }

  /// The name of the variable; empty if there is none, or if it is longer than any that is looked for.
  var name: Span<UInt8> {
    @_lifetime(borrow self)
    borrowing get {
      let count = nameCount ?? 0
      return line.span.extracting(0..<(count <= EnvironmentName.maximumCount ? count : 0))
    }
  }

  /// The value, or `nil` if it is longer than ``BootSettings/maximumValueCount``.
  ///
  /// Only meaningful if ``name`` is not empty.
  var value: Span<UInt8>? {
    @_lifetime(borrow self)
    borrowing get {
      let start = (nameCount ?? 0) + 1
      guard start <= count, count <= line.count, count - start <= BootSettings.maximumValueCount else {
        return nil
      }
      return line.span.extracting(start..<count)
    }
  }
}
