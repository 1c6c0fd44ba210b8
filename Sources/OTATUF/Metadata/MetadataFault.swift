import OTACore

/// What is wrong with a document, before it is known whose it is.
enum MetadataFault: Error, Equatable, Sendable {
  /// It is not JSON, or not such JSON as has a canonical form.
  case json(ParseError)
  /// A field is missing, or has a value that its type or meaning does not allow.
  case field(String)
  /// It is metadata of another role.
  case wrongType
  /// It is written by another version of the specification.
  case unsupportedVersion(String)

  /// The error, now that the role is known.
  func error(role: String) -> TUFError {
    switch self {
    case .json(let error): .malformed(role: role, why: error.description)
    case .field(let name): .malformed(role: role, why: "the field \(name) is missing or wrong")
    case .wrongType: .wrongType(role: role)
    case .unsupportedVersion(let version): .unsupportedVersion(role: role, version: version)
    }
  }
}

// Fields by name and type. Which fields there are beyond those that are asked for does not matter: the specification
// (section 4) lets everyone add some.
extension JSONObject {
  func string(_ name: UTF8Text) throws(MetadataFault) -> UTF8Text {
    guard case .string(let text) = self[name] else { throw .field(name.text) }
    return text
  }

  func object(_ name: UTF8Text) throws(MetadataFault) -> JSONObject {
    guard case .object(let object) = self[name] else { throw .field(name.text) }
    return object
  }

  func array(_ name: UTF8Text) throws(MetadataFault) -> [JSONValue] {
    guard case .array(let values) = self[name] else { throw .field(name.text) }
    return values
  }

  func integer(_ name: UTF8Text, atLeast minimum: Int64) throws(MetadataFault) -> Int64 {
    guard case .integer(let value) = self[name], value >= minimum else { throw .field(name.text) }
    return value
  }

  /// A flag, `false` where it is left out.
  func flag(_ name: UTF8Text) throws(MetadataFault) -> Bool {
    guard let value = self[name] else { return false }
    guard case .bool(let flag) = value else { throw .field(name.text) }
    return flag
  }

  func strings(_ name: UTF8Text) throws(MetadataFault) -> [UTF8Text] {
    var texts: [UTF8Text] = []
    for value in try array(name) {
      guard case .string(let text) = value else { throw .field(name.text) }
      texts.append(text)
    }
    return texts
  }
}
