#if !hasFeature(Embedded)
// The documents of the small JSON API between agent and server, described in Docs/ServerAPI.md. Digests are
// SHA-256 in lower-case hexadecimal, identifiers in the form of RFC 9562.

/// What a device tells about itself when it asks for an update: the body of `POST /api/v1/updates/check`.
public struct UpdateCheckRequest: Codable, Equatable, Sendable {
  /// The device.
  public var device: String
  /// Its vendor.
  public var vendor: String
  /// Its class.
  public var deviceClass: String
  /// The revision of its board.
  public var hardwareRevision: UInt32
  /// The component that it asks for, in UTF-8.
  public var component: String
  /// The version that runs.
  public var version: String
  /// The sequence number of the image that runs.
  public var sequenceNumber: UInt64
  /// The digest of the image that runs: a patch must start from it.
  public var imageDigest: String
  /// The names of the patch formats that it can apply.
  public var deltaFormats: [String]
  /// The memory that it has for a decoder, in bytes.
  public var decoderMemory: UInt32

  enum CodingKeys: String, CodingKey {
    case device, vendor, hardwareRevision, component, version, sequenceNumber, imageDigest, deltaFormats
    case decoderMemory
    case deviceClass = "class"
  }

  /// Makes a request from its parts.
  public init(
    device: String, vendor: String, deviceClass: String, hardwareRevision: UInt32, component: String,
    version: String, sequenceNumber: UInt64, imageDigest: String, deltaFormats: [String],
    decoderMemory: UInt32
  ) {
    self.device = device
    self.vendor = vendor
    self.deviceClass = deviceClass
    self.hardwareRevision = hardwareRevision
    self.component = component
    self.version = version
    self.sequenceNumber = sequenceNumber
    self.imageDigest = imageDigest
    self.deltaFormats = deltaFormats
    self.decoderMemory = decoderMemory
  }
}

/// The answer to ``UpdateCheckRequest``: status 200, with an update or without.
public struct UpdateCheckResponse: Codable, Equatable, Sendable {
  /// An update that the server offers.
  ///
  /// Nothing of it is trusted before the manifest is verified.
  public struct Update: Codable, Equatable, Sendable {
    /// The digest of the manifest's envelope; names the update in reports.
    public var id: String
    /// Where the envelope is, relative to the server.
    public var manifest: String
    /// The length of the envelope, in bytes.
    public var manifestSize: Int

    /// Makes an update from its parts.
    public init(id: String, manifest: String, manifestSize: Int) {
      self.id = id
      self.manifest = manifest
      self.manifestSize = manifestSize
    }
  }

  /// The update, or nothing if the device is up to date.
  public var update: Update?
  /// When the device should ask again, in seconds.
  public var pollSeconds: UInt32

  /// Makes a response from its parts.
  public init(update: Update?, pollSeconds: UInt32) {
    self.update = update
    self.pollSeconds = pollSeconds
  }
}

/// How an update ended: the body of `POST /api/v1/updates/report`.
///
/// Answered with status 204.
public struct UpdateReportRequest: Codable, Equatable, Sendable {
  /// The device.
  public var device: String
  /// The signed receipt, a COSE_Sign1 structure, in Base64 (RFC 4648, section 4).
  public var receipt: String

  /// Makes a report from its parts.
  public init(device: String, receipt: String) {
    self.device = device
    self.receipt = receipt
  }
}

/// The body of every answer that is an error.
public struct UpdateErrorResponse: Codable, Equatable, Sendable {
  /// The stable number of the error.
  public var code: UInt16
  /// One sentence for people.
  public var message: String

  /// Makes an answer from its parts.
  public init(code: UInt16, message: String) {
    self.code = code
    self.message = message
  }
}

extension DeltaFormat {
  /// The name of the format in documents for people and in JSON.
  public var name: String {
    switch self {
    case .bsdiff43: "bsdiff43"
    case .native: "native"
    }
  }

  /// The format with this name, if there is one.
  public init?(name: String) {
    guard let format = DeltaFormat.allCases.first(where: { $0.name == name }) else { return nil }
    self = format
  }
}
#endif
