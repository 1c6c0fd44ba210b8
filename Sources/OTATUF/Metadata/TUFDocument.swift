public import OTACore

/// A metadata file to look at: what it says, and whose signatures it carries.
///
/// Nothing in it is believed. For tools that show metadata: a client never reads fields before it has checked signatures: use ``TUFClient`` to trust.
public struct TUFDocument: Sendable {
  /// The four types of metadata.
  private enum Content: Sendable {
    case root(RootMetadata)
    case timestamp(TimestampMetadata)
    case snapshot(SnapshotMetadata)
    case targets(TargetsMetadata)
  }

  private let content: Content
  private let metadata: SignedMetadata

  /// The type that it says: `root`, `timestamp`, `snapshot` or `targets`, which delegated roles are, too.
  public let type: TUFRole
  /// Its version, at least 1.
  public let version: Int64
  /// When it expires, in seconds since 1970-01-01T00:00:00Z.
  public let expires: Int64

  /// Reads a file.
  ///
  /// - Parameters:
  ///   - bytes: the file.
  ///   - limits: how much of it is accepted.
  /// - Throws: ``TUFError/malformed(role:why:)``, ``TUFError/unsupportedVersion(role:version:)`` or, for a type that is none
  ///   of the four, ``TUFError/wrongType(role:)``.
  public init(_ bytes: [UInt8], limits: Limits = Limits()) throws(TUFError) {
    do throws(MetadataFault) {
      let metadata = try SignedMetadata(bytes, limits: limits.repository)
      let signed = metadata.signed
      type = TUFRole(try signed.string("_type"))
      let header: MetadataHeader
      switch type {
      case .root:
        let root = try RootMetadata(signed)
        (content, header) = (.root(root), root.header)
      case .timestamp:
        let timestamp = try TimestampMetadata(signed)
        (content, header) = (.timestamp(timestamp), timestamp.header)
      case .snapshot:
        let snapshot = try SnapshotMetadata(signed)
        (content, header) = (.snapshot(snapshot), snapshot.header)
      case .targets:
        let targets = try TargetsMetadata(signed)
        (content, header) = (.targets(targets), targets.header)
      default: throw .wrongType
      }
      self.metadata = metadata
      version = header.version
      expires = header.expires
    } catch {
      throw error.error(role: "the file")
    }
  }

  /// The identifiers of the keys whose signatures stand in it, right or wrong.
  public var signedBy: [String] { metadata.signatures.map(\.keyID.text) }

  /// The bytes that are signed: canonical JSON.
  public var message: [UInt8] { metadata.message }

  /// What it says about a target itself; `nil` if it says nothing, or is not of the type `targets`.
  ///
  /// - Throws: ``TUFError/unusablePath(_:)``, ``TUFError/malformed(role:why:)``.
  public func target(at path: String) throws(TUFError) -> TUFTarget? {
    let path = try TargetPath(UTF8Text(path))
    guard case .targets(let targets) = content else { return nil }
    do throws(MetadataFault) {
      return try targets.target(path.name)
    } catch {
      throw error.error(role: "the file")
    }
  }

  /// The names of the roles that it lets answer for a target, in order; of the type `targets` only.
  ///
  /// - Throws: ``TUFError/unusablePath(_:)``.
  public func delegates(for path: String) throws(TUFError) -> [String] {
    let path = try TargetPath(UTF8Text(path))
    guard case .targets(let targets) = content else { return [] }
    return targets.delegations?.delegates(for: path).map(\.name.text) ?? []
  }

  /// Whether enough of the keys that a root names for its type have signed it; a delegated role's keys are not in the root.
  ///
  /// - Returns: `false` also if the other one is no root.
  /// - Throws: ``TUFError/cryptography(_:)`` if a library does not work.
  public func isSigned(for root: TUFDocument) throws(TUFError) -> Bool {
    guard case .root(let root) = root.content else { return false }
    do throws(TUFError) {
      try root.keys(of: type).check(metadata, of: type.description)
      return true
    } catch {
      if case .cryptography = error { throw error }
      return false
    }
  }
}
