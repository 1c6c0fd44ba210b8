/// The name of a key on a token: `pkcs11:token=...;object=...?module-path=...&pin-source=...`.
///
/// Understood are the attributes that choose a token (`token`, `serial`, `manufacturer`, `model`, `slot-id`), those that
/// choose a key on it (`object`, `id`, and `type`, which must be `private`), and `module-path` and `pin-source`. All others
/// are refused, as the specification wants it for those that choose: a key that was named more closely must not be
/// exchanged for another one. A PIN in the name itself is refused, since names stand in histories and lists of processes.
///
/// - Note: Source: RFC 7512, sections 2.3 to 2.5. That `pin-value` is refused: project decision, Docs/Crypto.md.
public struct PKCS11URI: Equatable, Sendable {
  /// Why a text is no name of a key.
  public enum Problem: UInt8, Error, Equatable, Sendable, CaseIterable {
    /// It does not begin with `pkcs11:`.
    case otherScheme
    /// An attribute has no value, an escape is none, or there is a character that must be escaped.
    case malformed
    /// An attribute stands there twice.
    case duplicateAttribute
    /// An attribute that is not known, or is not supported here.
    case unsupportedAttribute
    /// There is a PIN in it.
    case secretInName
    /// It names something else than a private key.
    case notPrivateKey
    /// It names neither a label nor an identifier of a key.
    case keyMissing
    /// The source of the PIN is not a file.
    case pinSourceNotFile
  }

  /// The longest text that is read, in bytes.
  public static var maximumSize: Int { 4096 }

  /// The label of the token.
  public private(set) var token: String?
  /// The serial number of the token.
  public private(set) var serial: String?
  /// Who made the token.
  public private(set) var manufacturer: String?
  /// The model of the token.
  public private(set) var model: String?
  /// The number of the slot.
  public private(set) var slot: UInt?
  /// The label of the key.
  public private(set) var object: String?
  /// The identifier of the key.
  public private(set) var identifier: [UInt8]?
  /// The file of the module; `nil` for p11-kit's proxy, which knows all modules that are configured.
  public private(set) var modulePath: String?
  /// The file that holds the PIN.
  public private(set) var pinPath: String?

  /// Whether a text looks like such a name; then it is no name of a file.
  public static func isScheme(of text: String) -> Bool {
    text.utf8.prefix(7).elementsEqual("pkcs11:".utf8)
  }

  /// Reads a name.
  ///
  /// - Throws: what is wrong with it.
  public init(_ text: String) throws(Problem) {
    guard PKCS11URI.isScheme(of: text) else { throw .otherScheme }
    guard text.utf8.count <= PKCS11URI.maximumSize else { throw .malformed }
    let rest = text.dropFirst(7)
    let end = rest.firstIndex(of: "?") ?? rest.endIndex
    for (name, value) in try PKCS11URI.attributes(rest[..<end], separator: ";") {
      switch name {
      case "token": token = try PKCS11URI.text(value)
      case "serial": serial = try PKCS11URI.text(value)
      case "manufacturer": manufacturer = try PKCS11URI.text(value)
      case "model": model = try PKCS11URI.text(value)
      case "slot-id":
        guard let number = UInt(try PKCS11URI.text(value)) else { throw .malformed }
        slot = number
      case "object": object = try PKCS11URI.text(value)
      case "id": identifier = value
      case "type":
        guard try PKCS11URI.text(value) == "private" else { throw .notPrivateKey }
      default: throw .unsupportedAttribute
      }
    }
    if end < rest.endIndex {
      let query = rest[rest.index(after: end)...]
      for (name, value) in try PKCS11URI.attributes(query, separator: "&") {
        switch name {
        case "module-path": modulePath = try PKCS11URI.text(value)
        case "pin-source": pinPath = try PKCS11URI.path(PKCS11URI.text(value))
        case "pin-value": throw .secretInName
        default: throw .unsupportedAttribute
        }
      }
    }
    guard object != nil || identifier?.isEmpty == false else { throw .keyMissing }
  }

  /// Splits a part into its attributes, whose values are the bytes behind the escapes.
  private static func attributes(
    _ part: Substring, separator: Character
  ) throws(Problem) -> [(name: String, value: [UInt8])] {
    guard !part.isEmpty else { return [] }
    var attributes: [(name: String, value: [UInt8])] = []
    for attribute in part.split(separator: separator, omittingEmptySubsequences: false) {
      guard let equals = attribute.firstIndex(of: "="), equals > attribute.startIndex else {
        throw .malformed
      }
      let name = String(attribute[..<equals])
      guard !attributes.contains(where: { $0.name == name }) else { throw .duplicateAttribute }
      attributes.append((name, try unescape(attribute[attribute.index(after: equals)...])))
    }
    return attributes
  }

  private static func unescape(_ value: Substring) throws(Problem) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = value.utf8[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%") {
        guard let high = rest.popFirst(), let low = rest.popFirst(),
          let first = Character(Unicode.Scalar(high)).hexDigitValue,
          let second = Character(Unicode.Scalar(low)).hexDigitValue
        else { throw .malformed }
        bytes.append(UInt8(first * 16 + second))
      } else {
        // Printable ASCII; what else stands in a name is escaped.
        guard byte > 0x20, byte < 0x7f else { throw .malformed }
        bytes.append(byte)
      }
    }
    return bytes
  }

  /// A text, which is not empty and has no character that C would end it at.
  private static func text(_ bytes: [UInt8]) throws(Problem) -> String {
    guard let text = String(validating: bytes, as: UTF8.self), !bytes.isEmpty, !bytes.contains(0) else {
      throw .malformed
    }
    return text
  }

  private static func path(_ text: String) throws(Problem) -> String {
    let path: Substring
    if text.hasPrefix("file://") {
      path = text.dropFirst(7)
    } else if text.hasPrefix("file:") {
      path = text.dropFirst(5)
    } else {
      path = text[...]
    }
    // A leading bar stands for a program to run: RFC 7512, section 2.4.
    guard !path.isEmpty, path.first != "|", !(path == text[...] && path.contains(":")) else {
      throw .pinSourceNotFile
    }
    return String(path)
  }
}

extension PKCS11URI.Problem: CustomStringConvertible {
  /// One clause for people, without a capital and without a full stop.
  public var description: String {
    switch self {
    case .otherScheme: "a name of a key on a token begins with 'pkcs11:'"
    case .malformed: "an attribute has no value, or a character that must be escaped"
    case .duplicateAttribute: "an attribute stands there twice"
    case .unsupportedAttribute: "an attribute is not known here"
    case .secretInName: "a PIN does not belong on the command line"
    case .notPrivateKey: "it does not name a private key"
    case .keyMissing: "neither 'object' nor 'id' says which key"
    case .pinSourceNotFile: "the PIN can only come from a file"
    }
  }
}
