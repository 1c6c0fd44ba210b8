/// A value of the JSON that metadata is written in: numbers are whole.
enum JSONValue: Sendable {
  case null
  case bool(Bool)
  case integer(Int64)
  case string(UTF8Text)
  case array([JSONValue])
  case object(JSONObject)
}

/// A JSON object: members by name, each name once.
struct JSONObject: Sendable {
  /// A name and its value.
  struct Member: Sendable {
    let name: UTF8Text
    let value: JSONValue
  }

  /// The members in the order of canonical JSON.
  let members: [Member]

  /// Sorts members.
  ///
  /// - Returns: `nil` if a name stands twice: readers would not agree on which value counts.
  init?(_ members: [Member]) {
    let sorted = members.sorted { $0.name < $1.name }
    for index in sorted.indices.dropFirst() where sorted[index].name == sorted[index - 1].name { return nil }
    self.members = sorted
  }

  /// The value of a member, if it is there.
  subscript(name: UTF8Text) -> JSONValue? {
    var low = 0
    var high = members.count
    while low < high {
      let middle = low + (high - low) / 2
      if members[middle].name < name { low = middle + 1 } else { high = middle }
    }
    return low < members.count && members[low].name == name ? members[low].value : nil
  }
}
