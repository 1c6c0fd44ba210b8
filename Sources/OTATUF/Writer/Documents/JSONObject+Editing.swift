extension JSONObject {
  /// Makes an object of members; of those with the same name the last one counts.
  init(replacing members: [(UTF8Text, JSONValue)]) {
    var values: [UTF8Text: JSONValue] = [:]
    for (name, value) in members { values[name] = value }
    self.init(values)
  }

  /// Makes an object of the entries of a dictionary.
  init(_ values: [UTF8Text: JSONValue]) {
    guard let object = JSONObject(values.map { Member(name: $0.key, value: $0.value) }) else {
      preconditionFailure("a dictionary has no name twice")
    }
    self = object
  }

  /// The object with a member more, or changed, or less.
  func setting(_ name: UTF8Text, to value: JSONValue?) -> JSONObject {
    var members = members.filter { $0.name != name }
    if let value { members.append(Member(name: name, value: value)) }
    guard let object = JSONObject(members) else { preconditionFailure("every name stands once") }
    return object
  }

  /// The object that is a member, an empty one if there is none.
  func part(_ name: UTF8Text) -> JSONObject {
    guard case .object(let object) = self[name] else { return JSONObject([:]) }
    return object
  }
}

/// JSON as it is written to files: the canonical form, but for control characters, which JSON wants to be escaped.
enum JSONText {
  static func encode(_ value: JSONValue) -> [UInt8] {
    var text: [UInt8] = []
    let digits = Array("0123456789abcdef".utf8)
    // Outside of strings the canonical form has no control characters.
    for byte in CanonicalJSON.encode(value) {
      if byte < 0x20 {
        text += Array("\\u00".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      } else {
        text.append(byte)
      }
    }
    return text
  }
}
