public import OTACore

/// A target as metadata describes it that leads to the trusted root.
public struct TUFTarget: Sendable {
  let name: UTF8Text
  /// The length of the file, in bytes.
  public let length: Int64
  /// The hashes of the file, at least one; all of them must match.
  public let digests: [Digest]
  /// What the repository says beyond that, as canonical JSON: the field `custom`.
  public let custom: [UInt8]?

  /// The path in the repository.
  public var path: String { name.text }
}
