/// The header fields of a request or response, in order; names compare without regard to case.
///
/// - Note: Source: RFC 9110, section 5.1 (names) and 5.3 (order, several fields of one name).
public struct HeaderFields: Equatable, Sendable {
  /// One field.
  public struct Field: Equatable, Sendable {
    /// Its name, as it was written.
    public var name: String
    /// Its value, without surrounding white space.
    public var value: String

    /// Makes a field.
    public init(name: String, value: String) {
      self.name = name
      self.value = value
    }
  }

  /// All fields, in order.
  public private(set) var fields: [Field] = []

  /// Makes an empty list.
  public init() {}

  /// Makes a list from names and values.
  public init(_ fields: [(name: String, value: String)]) {
    self.fields = fields.map { Field(name: $0.name, value: $0.value) }
  }

  /// Adds a field behind those that are there, also if its name is.
  public mutating func append(_ name: String, _ value: String) {
    fields.append(Field(name: name, value: value))
  }

  /// The value of the field with this name; several are joined by a comma, as RFC 9110, section 5.3 allows.
  public subscript(name: String) -> String? {
    let lowercased = name.lowercased()
    let values = fields.filter { $0.name.lowercased() == lowercased }.map(\.value)
    return values.isEmpty ? nil : values.joined(separator: ", ")
  }
}
