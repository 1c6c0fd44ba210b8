/// A role of a repository, by its name.
public struct TUFRole: Hashable, Sendable, CustomStringConvertible {
  /// Says which keys sign for the other three, and for itself.
  public static let root = TUFRole("root")
  /// Says which snapshot is the latest.
  public static let timestamp = TUFRole("timestamp")
  /// Says which versions of the targets metadata belong together.
  public static let snapshot = TUFRole("snapshot")
  /// Says which files are to be trusted, or who else may say so.
  public static let targets = TUFRole("targets")

  let name: UTF8Text

  init(_ name: UTF8Text) {
    self.name = name
  }

  /// A role that another one delegates to.
  ///
  /// - Parameter name: a letter, then at most 99 letters, digits, `.`, `_` or `-`. More is allowed by the specification,
  ///   but servers and file systems do not agree on where such a file would be.
  /// - Throws: ``TUFWriterError/unusableName(_:)``, also for the names of the four roles that every repository has.
  public init(delegated name: String) throws(TUFWriterError) {
    let bytes = Array(name.utf8)
    let isPlain = bytes.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
        true
      default: false
      }
    }
    // A digit or a dot in front would make the file of one role look like a version of another one's.
    guard let first = bytes.first, first | 0x20 >= UInt8(ascii: "a"), first | 0x20 <= UInt8(ascii: "z"),
      isPlain, bytes.count <= 100, Delegations.isUsableName(UTF8Text(name))
    else { throw .unusableName(name) }
    self.init(UTF8Text(name))
  }

  /// Takes any name: one of the four roles, or one that is delegated to.
  ///
  /// - Throws: ``TUFWriterError/unusableName(_:)``.
  public init(named name: String) throws(TUFWriterError) {
    let role = TUFRole(UTF8Text(name))
    if role.isTopLevel { self = role } else { try self.init(delegated: name) }
  }

  /// Whether it is one of the four roles that every repository has.
  public var isTopLevel: Bool { TUFRole.topLevel.contains(self) }

  static let topLevel: [TUFRole] = [.root, .timestamp, .snapshot, .targets]

  /// The name.
  public var description: String { name.text }
}

/// How long metadata is valid from the moment at which it is written, in seconds.
///
/// The shorter, the sooner a client notices that somebody holds updates back, and the more often somebody must sign.
///
/// - Note: Which numbers: project decision, Docs/TUF.md.
public struct TUFLifetimes: Equatable, Sendable {
  /// Of the root.
  public var root: Int64
  /// Of the timestamp.
  public var timestamp: Int64
  /// Of the snapshot.
  public var snapshot: Int64
  /// Of the targets role and of the roles that it delegates to.
  public var targets: Int64

  /// Makes lifetimes; a year for the root, a day for the timestamp, a week for the snapshot, 90 days for targets.
  public init(
    root: Int64 = 365 * 86_400, timestamp: Int64 = 86_400, snapshot: Int64 = 7 * 86_400,
    targets: Int64 = 90 * 86_400
  ) {
    self.root = root
    self.timestamp = timestamp
    self.snapshot = snapshot
    self.targets = targets
  }

  func lifetime(of role: TUFRole) -> Int64 {
    switch role {
    case .root: root
    case .timestamp: timestamp
    case .snapshot: snapshot
    default: targets
    }
  }
}

/// Who signs for a role, and how many of them must.
public struct TUFRoleKeys: Equatable, Sendable {
  /// The keys, each once.
  public var keys: [TUFPublicKey]
  /// How many of them must sign, from 1 to their number.
  public var threshold: Int

  /// Makes a value; it is checked where it is used.
  public init(_ keys: [TUFPublicKey], threshold: Int = 1) {
    self.keys = keys
    self.threshold = threshold
  }

  func check(_ role: TUFRole) throws(TUFWriterError) {
    guard Set(keys.map(\.keyID)).count == keys.count, threshold >= 1, threshold <= keys.count else {
      throw .impossibleThreshold(role: role.description)
    }
  }

  /// The fields `keyids` and `threshold`.
  var members: [(UTF8Text, JSONValue)] {
    [
      ("keyids", .array(keys.map { .string(UTF8Text($0.keyID)) })),
      ("threshold", .integer(Int64(threshold))),
    ]
  }
}

/// A role whose new version is not published yet.
public struct TUFPendingRole: Equatable, Sendable {
  /// The role.
  public let role: TUFRole
  /// The version that it gets.
  public let version: Int64
  /// When it expires, in seconds since 1970-01-01T00:00:00Z.
  public let expires: Int64
  /// The identifiers of the keys that have signed.
  public let signedBy: [String]
  /// The identifiers of the keys that could still sign.
  public let candidates: [String]
  /// How many more of them must sign, at least; 0 if it can be published.
  public let missing: Int
}
