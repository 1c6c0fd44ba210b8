import OTACore
import OTACrypto
import OTAPartition

/// What a set says, and who has signed it, for people and for programs.
struct TrustReport: Encodable {
  struct Key: Encodable {
    var id: String
    var algorithm: String
    var roles: [String]
  }

  struct Thresholds: Encodable {
    var root: UInt8
    var manifest: UInt8
    var image: UInt8
  }

  struct Signature: Encodable {
    var keyID: String
    /// `good`, `wrong`, or `other` for one of a key that is not in the set, which is not checked.
    var verdict: String
  }

  var number: UInt64
  var scope: String
  /// Seconds of Unix time; missing if it is not said.
  var issued: UInt64?
  /// Seconds of Unix time; missing for never.
  var expires: UInt64?
  var thresholds: Thresholds
  var keys: [Key]
  var signatures: [Signature]

  init(_ set: SignedTrustAnchors) {
    let anchors = set.anchors
    (number, scope, expires) = (anchors.number, "\(anchors.scope)", anchors.expires)
    issued = anchors.issued == 0 ? nil : anchors.issued
    thresholds = Thresholds(
      root: anchors.thresholds.root, manifest: anchors.thresholds.manifest, image: anchors.thresholds.image)
    let entries = (0..<anchors.count).map { anchors[$0] }
    keys = entries.map { entry in
      Key(
        id: entry.identifier.digest.description, algorithm: entry.key.algorithm.text,
        roles: TrustRole.allCases.filter { entry.roles.contains($0) }.map(\.text))
    }
    signatures = set.signatures.map { signature in
      let entry = entries.first { $0.identifier == signature.key }
      let verdict =
        entry.map { TrustFile.isGood(signature.bytes, under: anchors, by: $0.key) ? "good" : "wrong" }
      return Signature(keyID: signature.key.digest.description, verdict: verdict ?? "other")
    }
  }

  /// Lines for people.
  var lines: [String] {
    var lines = ["set:       \(number)", "scope:     \(scope)"]
    lines.append("date:      \(issued.map { TrustTime.text($0) } ?? "not said")")
    lines.append("expires:   \(expires.map { TrustTime.text($0) } ?? "never")")
    for (role, threshold) in [
      ("root", thresholds.root), ("manifest", thresholds.manifest), ("image", thresholds.image),
    ] {
      let count = keys.filter { $0.roles.contains(role) }.count
      let name = (role + ":").padding(to: 11)
      lines.append(name + (count == 0 ? "no keys" : count == 1 ? "1 key" : "\(threshold) of \(count) keys"))
    }
    for key in keys {
      lines.append("key:       \(key.id) \(key.algorithm), \(key.roles.joined(separator: ", "))")
    }
    for signature in signatures {
      let verdict = signature.verdict == "other" ? "not a key of this set" : signature.verdict
      lines.append("signature: \(signature.keyID) \(verdict)")
    }
    if signatures.isEmpty { lines.append("signature: none") }
    return lines
  }
}

extension String {
  fileprivate func padding(to count: Int) -> String {
    self + String(repeating: " ", count: max(0, count - self.count))
  }
}

extension TrustRole {
  /// Its name in descriptions and reports.
  var text: String {
    switch self {
    case .root: "root"
    case .manifest: "manifest"
    case .image: "image"
    }
  }
}

extension SignatureAlgorithm {
  /// Its name for people.
  fileprivate var text: String {
    switch self {
    case .ed25519: "Ed25519"
    case .es256: "P-256"
    case .es384: "P-384"
    case .hssLMS: "HSS-LMS"
    }
  }
}
