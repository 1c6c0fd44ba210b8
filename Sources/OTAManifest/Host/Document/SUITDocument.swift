#if !hasFeature(Embedded)
public import OTACore
import OTACrypto

/// A SUIT envelope as a value that keeps everything: to show, change, make and write one.
///
/// For tools. Reads the core of the format and the extensions for dependencies and for update management; what is in none
/// of them stays as its encoding, so that an envelope of another maker can be shown, and written again byte for byte.
/// Nothing is decided here: neither who signed it nor whether a device could process it.
///
/// - Note: Source: draft-ietf-suit-manifest-37, section 8; draft-ietf-suit-trust-domains-11, section 4;
///   draft-ietf-suit-update-management, section 3.
public struct SUITDocument: Equatable, Sendable {
  /// A digest as it stands in the document, also of an algorithm that this library has not.
  public struct DigestValue: Equatable, Sendable {
    /// The number of the algorithm in COSE.
    public var algorithm: Int64
    /// The digest.
    public var bytes: [UInt8]

    /// Makes a digest from its parts.
    public init(algorithm: Int64, bytes: [UInt8]) {
      self.algorithm = algorithm
      self.bytes = bytes
    }

    /// Takes a digest of the core.
    public init(_ digest: Digest) {
      algorithm = Int64(digest.algorithm.rawValue)
      bytes = (0..<digest.bytes.count).map { digest.bytes[$0] }
    }
  }

  /// A part of the manifest that can be moved into the envelope.
  public enum Severable<Part: Equatable & Sendable>: Equatable, Sendable {
    /// It is in the manifest.
    case inline(Part)
    /// The manifest has its digest; the part is in the envelope, or gone.
    case severed(DigestValue)
  }

  /// A sequence of commands; the raw value is its key.
  public enum Section: Int64, CaseIterable, Sendable {
    /// Checks what is installed.
    case validate = 7
    /// Prepares for running.
    case load = 8
    /// Runs.
    case invoke = 9
    /// Gets the manifests that this one needs.
    case dependencyResolution = 15
    /// Gets payloads.
    case payloadFetch = 16
    /// Checks what was got, before it is installed.
    case candidateVerification = 18
    /// Installs.
    case install = 20
    /// Removes.
    case uninstall = 24

    /// Whether the section may be moved into the envelope.
    public var isSeverable: Bool {
      switch self {
      case .dependencyResolution, .payloadFetch, .candidateVerification, .install: true
      case .validate, .load, .invoke, .uninstall: false
      }
    }
  }

  /// Bytes that travel in the envelope.
  public struct Payload: Equatable, Sendable {
    /// The URI under which commands fetch it.
    public var uri: String
    /// The bytes.
    public var bytes: [UInt8]

    /// Makes a payload from its parts.
    public init(uri: String, bytes: [UInt8]) {
      self.uri = uri
      self.bytes = bytes
    }
  }

  /// The digest of the manifest, as the envelope says.
  public var digest: DigestValue
  /// The COSE structures that sign the digest, each encoded.
  public var authenticationBlocks: [[UInt8]]
  /// The manifest.
  public var manifest: Contents
  /// Sequences that were moved out of the manifest.
  public var severedSections: [Section: [Step]]
  /// Text that was moved out of the manifest.
  public var severedText: Text?
  /// Payloads and manifests that travel with this one.
  public var payloads: [Payload]
  /// Other members, encoded, by their keys.
  public var otherMembers: [Int64: [UInt8]]

  /// Makes an unsigned envelope around a manifest, with the right digest.
  public init(_ manifest: Contents) {
    self.manifest = manifest
    digest = DigestValue(algorithm: 0, bytes: [])
    authenticationBlocks = []
    severedSections = [:]
    severedText = nil
    payloads = []
    otherMembers = [:]
    seal()
  }

  /// Moves a section out of the manifest into the envelope; signatures do not hold any more.
  ///
  /// - Parameter section: one that is severable. One that is not there, or was moved before, stays so.
  public mutating func sever(_ section: Section) {
    guard section.isSeverable, case .inline(let steps) = manifest.sections[section] else { return }
    severedSections[section] = steps
    manifest.sections[section] = .severed(SUITDocument.digest(ofMember: Step.encoding(steps)))
    seal()
  }

  /// Moves the text out of the manifest into the envelope; signatures do not hold any more.
  public mutating func severText() {
    guard case .inline(let text) = manifest.text else { return }
    severedText = text
    manifest.text = .severed(SUITDocument.digest(ofMember: text.encoding))
    seal()
  }

  /// Sets the digest to that of the manifest as it is now, and drops all signatures.
  public mutating func seal() {
    digest = SUITDocument.digest(ofMember: manifest.encoding)
    authenticationBlocks = []
  }

  /// Holds every digest of the envelope against what it is the digest of.
  ///
  /// - Throws: ``ManifestError/digestMismatch`` if one is wrong, ``ManifestError/invalid(_:)`` with
  ///   ``ManifestError/Field/digestAlgorithm`` if one is not SHA-256, ``ManifestError/unsupportedMember(_:)`` for a
  ///   severed part whose digest the manifest does not name. A part that is gone is *not* an error.
  public func checkDigests() throws(ManifestError) {
    try SUITDocument.check(digest, ofMember: manifest.encoding)
    for (section, steps) in severedSections {
      guard case .severed(let digest) = manifest.sections[section] else {
        throw .unsupportedMember(section.rawValue)
      }
      try SUITDocument.check(digest, ofMember: Step.encoding(steps))
    }
    if let severedText {
      guard case .severed(let digest) = manifest.text else { throw .unsupportedMember(SUITKey.text) }
      try SUITDocument.check(digest, ofMember: severedText.encoding)
    }
  }

  /// The steps of a section, wherever they are; `nil` if there is none, or it is gone.
  public func steps(of section: Section) -> [Step]? {
    switch manifest.sections[section] {
    case .inline(let steps): steps
    case .severed: severedSections[section]
    case nil: nil
    }
  }

  /// The text, wherever it is; `nil` if there is none, or it is gone.
  public var text: Text? {
    switch manifest.text {
    case .inline(let text): text
    case .severed: severedText
    case nil: nil
    }
  }

  /// The digest of a member, which covers the head of the byte string around it.
  static func digest(ofMember contents: [UInt8]) -> DigestValue {
    let wrapped = CBORBuilder.encoding { $0.byteString(contents) }
    return DigestValue(SHA256.digest(of: wrapped.span))
  }

  private static func check(_ digest: DigestValue, ofMember contents: [UInt8]) throws(ManifestError) {
    guard digest.algorithm == Int64(DigestAlgorithm.sha256.rawValue) else {
      throw .invalid(.digestAlgorithm)
    }
    guard digest == self.digest(ofMember: contents) else { throw .digestMismatch }
  }
}
#endif
