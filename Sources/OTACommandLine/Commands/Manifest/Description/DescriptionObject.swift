import Foundation
import OTACore
import OTAManifest

/// An object of a description, whose members are taken one after the other; what is left at the end nobody knows.
struct DescriptionObject {
  /// The file, for messages.
  let file: String
  /// Such as `components[1]`; empty for the whole.
  let place: String
  /// Where it stands what may be in there.
  let guide: String

  private var members: [String: JSONValue]
  private var known: [String] = []

  /// Parses a file.
  ///
  /// - Throws: status ``ExitStatus/failed`` if it is no object in JSON.
  init(
    parsing bytes: [UInt8], of file: String, guide: String = DescriptionObject.manifestGuide
  ) throws(CommandFailure) {
    guard let value = try? JSONDecoder().decode(JSONValue.self, from: Data(bytes)) else {
      throw DescriptionObject.failure(file, "is not JSON in UTF-8", guide: guide)
    }
    try self.init(value, at: "", in: file, guide: guide)
  }

  init(
    _ value: JSONValue, at place: String, in file: String, guide: String = DescriptionObject.manifestGuide
  ) throws(CommandFailure) {
    guard case .object(let members) = value else {
      throw DescriptionObject.failure(
        file, place.isEmpty ? "is not an object" : "\(place) must be an object", guide: guide)
    }
    (self.file, self.place, self.guide, self.members) = (file, place, guide, members)
  }

  /// The place of a member.
  func place(of name: String) -> String { place.isEmpty ? name : "\(place).\(name)" }

  /// What is wrong with a member.
  func problem(_ name: String, _ why: String) -> CommandFailure {
    DescriptionObject.failure(file, "\(place(of: name)) \(why)", guide: guide)
  }

  /// For descriptions of manifests.
  static let manifestGuide = "see Docs/ManifestFormat.md, section 9"

  static func failure(
    _ file: String, _ why: String, guide: String = DescriptionObject.manifestGuide
  ) -> CommandFailure {
    CommandFailure(file, why: why, remedy: guide, code: .invalidValue)
  }

  mutating func take(_ name: String) -> JSONValue? {
    known.append(name)
    guard let value = members.removeValue(forKey: name), value != .null else { return nil }
    return value
  }

  mutating func text(_ name: String) throws(CommandFailure) -> String? {
    switch take(name) {
    case nil: return nil
    case .text(let text): return text
    default: throw problem(name, "must be text")
    }
  }

  mutating func integer(_ name: String) throws(CommandFailure) -> UInt64? {
    switch take(name) {
    case nil: return nil
    case .integer(let number): return number
    default: throw problem(name, "must be a whole number from 0 on")
    }
  }

  mutating func flag(_ name: String) throws(CommandFailure) -> Bool {
    switch take(name) {
    case nil: return false
    case .bool(let flag): return flag
    default: throw problem(name, "must be true or false")
    }
  }

  mutating func list(_ name: String) throws(CommandFailure) -> [JSONValue] {
    switch take(name) {
    case nil: return []
    case .list(let values): return values
    default: throw problem(name, "must be a list")
    }
  }

  mutating func objects(_ name: String) throws(CommandFailure) -> [DescriptionObject] {
    var objects: [DescriptionObject] = []
    for (index, value) in try list(name).enumerated() {
      objects.append(try DescriptionObject(value, at: "\(place(of: name))[\(index)]", in: file, guide: guide))
    }
    return objects
  }

  mutating func object(_ name: String) throws(CommandFailure) -> DescriptionObject? {
    guard let value = take(name) else { return nil }
    return try DescriptionObject(value, at: place(of: name), in: file, guide: guide)
  }

  /// The names of the members that were not taken.
  var remaining: [String] { members.keys.sorted() }

  /// Refuses members that nobody asked for.
  func finish() throws(CommandFailure) {
    guard let name = remaining.first else { return }
    let suggestion = nearest(to: name, among: known).map { "; did you mean '\($0)'?" } ?? ""
    throw problem(name, "is not known" + suggestion)
  }
}

extension DescriptionObject {
  /// An identifier of 16 bytes in the form of RFC 9562.
  mutating func identifier(_ name: String) throws(CommandFailure) -> [UInt8]? {
    guard let text = try text(name) else { return nil }
    guard UniversalIdentifier(text) != nil,
      let bytes = [UInt8](hexadecimal: text.replacingOccurrences(of: "-", with: ""))
    else { throw problem(name, "must be such as 1492af14-2569-5e48-bf42-9b2d51f2ab45") }
    return bytes
  }

  /// Bytes: text, or hexadecimal behind `0x`.
  mutating func bytes(_ name: String) throws(CommandFailure) -> [UInt8]? {
    guard let text = try text(name) else { return nil }
    return try bytes(of: text, name)
  }

  /// The name of a component: text, or a list of texts for its parts; each may be hexadecimal behind `0x`.
  mutating func componentName(_ name: String) throws(CommandFailure) -> SUITDocument.ComponentName? {
    var parts: [[UInt8]] = []
    switch take(name) {
    case nil: return nil
    case .text(let text): parts = [try bytes(of: text, name)]
    case .list(let values):
      for value in values {
        guard case .text(let text) = value else { throw problem(name, "must be text, or a list of texts") }
        parts.append(try bytes(of: text, name))
      }
    default: throw problem(name, "must be text, or a list of texts")
    }
    guard !parts.isEmpty, parts.allSatisfy({ !$0.isEmpty }) else { throw problem(name, "is empty") }
    return parts
  }

  /// A version, and how to compare with it: `>=1.2`.
  mutating func requirement(_ name: String) throws(CommandFailure) -> (UInt64, [Int64])? {
    guard let text = try text(name) else { return nil }
    // The longer ones first: each is tried from the beginning.
    for (sign, comparison) in [(">=", UInt64(2)), ("<=", 4), (">", 1), ("=", 3), ("<", 5)]
    where text.hasPrefix(sign) {
      if let numbers = versionNumbers(text.dropFirst(sign.count)) { return (comparison, numbers) }
    }
    throw problem(name, "must be such as >=1.2, <2 or =1.2-rc.1")
  }

  /// A version such as `1.2.3` or `1.2-rc.1`.
  mutating func version(_ name: String) throws(CommandFailure) -> [Int64]? {
    guard let text = try text(name) else { return nil }
    guard let numbers = versionNumbers(text[...]) else {
      throw problem(name, "must be such as 1.2.3 or 1.2-rc.1")
    }
    return numbers
  }

  private func bytes(of text: String, _ name: String) throws(CommandFailure) -> [UInt8] {
    guard text.hasPrefix("0x") else { return Array(text.utf8) }
    guard let bytes = [UInt8](hexadecimal: text.dropFirst(2)) else {
      throw problem(name, "is not hexadecimal behind 0x")
    }
    return bytes
  }
}

/// The numbers of a version: 1 to 3 of a release, and for a pre-release -1, -2 or -3 and what is behind it.
///
/// - Note: Source: draft-ietf-suit-update-management, section 4.4.1.
private func versionNumbers(_ text: Substring) -> [Int64]? {
  let parts = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
  func numbers(_ text: Substring) -> [Int64]? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    let numbers = parts.compactMap { part in part.allSatisfy { "0"..."9" ~= $0 } ? Int64(part) : nil }
    return numbers.count == parts.count ? numbers : nil
  }
  guard let release = numbers(parts[0]), release.count <= 3 else { return nil }
  guard parts.count == 2 else { return release }
  let suffix = parts[1].split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
  guard let kind = ["rc": Int64(-1), "beta": -2, "alpha": -3][String(suffix[0])] else { return nil }
  guard suffix.count == 2 else { return release + [kind] }
  guard let behind = numbers(suffix[1]), release.count + 1 + behind.count <= SUITVersion.capacity else {
    return nil
  }
  return release + [kind] + behind
}
