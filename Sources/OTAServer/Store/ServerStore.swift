public import OTACore

/// What the server keeps, but for the bytes of artifacts: registry, updates, deployments and receipts.
///
/// `OTAServerSQLite` is the embedded default. Each function is one transaction: when it throws, nothing of it was
/// kept. All may be called from several tasks at once.
public protocol ServerStore: Sendable {
  /// Adds a device to the registry; adding the same facts again changes nothing.
  ///
  /// - Throws: ``StoreError/conflict`` if the device is registered with other facts or another key.
  func register(_ device: RegisteredDevice, at time: Timestamp) async throws(StoreError)

  /// Looks a device up.
  ///
  /// - Returns: `nil` if it is not registered.
  func device(_ id: UniversalIdentifier) async throws(StoreError) -> RegisteredDevice?

  /// Makes an update available; publishing it again changes nothing.
  ///
  /// - Parameters:
  ///   - update: the update; the artifacts that it names exist already.
  ///   - artifacts: the envelope and the payload.
  /// - Throws: ``StoreError/valueOutOfRange`` for a sequence number above 2^63 - 1 or a digest other than SHA-256,
  ///   ``StoreError/conflict`` if an artifact is known with another size.
  func publish(_ update: PublishedUpdate, artifacts: [ArtifactRecord]) async throws(StoreError)

  /// Looks an update up.
  ///
  /// - Returns: `nil` if it is not published.
  func update(_ id: Digest) async throws(StoreError) -> PublishedUpdate?

  /// Lists the updates that come into question for a device.
  ///
  /// The store leaves out what cannot fit: another vendor, class or component, a sequence number that is not above
  /// the query's, and what the history of the device forbids: an update that failed on it, unless for one of
  /// `ErrorCode.reasonsOfDelivery`, and every update to an image that it has reverted. It may leave in what breaks
  /// another rule: the caller checks all of them.
  ///
  /// - Returns: updates in no particular order.
  func candidates(for query: UpdateQuery) async throws(StoreError) -> [PublishedUpdate]

  /// Keeps what a device said of itself, and that an update was offered to it.
  ///
  /// An offer never changes a deployment that is already there: it is idempotent, and cannot undo a report.
  ///
  /// - Throws: ``StoreError/unknownDevice`` or ``StoreError/unknownUpdate``.
  func recordCheckIn(_ checkIn: CheckIn, offering update: Digest?) async throws(StoreError)

  /// Keeps a verified receipt, and brings the deployment into the state that it proves.
  ///
  /// - Returns: `false` if the same bytes were kept before: then nothing was changed.
  /// - Throws: ``StoreError/unknownDevice`` or ``StoreError/unknownUpdate``.
  func record(_ receipt: StoredReceipt) async throws(StoreError) -> Bool

  /// Looks an artifact up.
  ///
  /// - Returns: `nil` if no update brought it.
  func artifact(_ digest: Digest) async throws(StoreError) -> ArtifactRecord?

  /// Lists the deployments of a device, the latest sequence number first.
  func deployments(of device: UniversalIdentifier) async throws(StoreError) -> [Deployment]

  /// Lists the receipts of a device in the order in which they arrived.
  func receipts(of device: UniversalIdentifier) async throws(StoreError) -> [StoredReceipt]

  /// Counts the devices in each state of each update, the latest sequence number first.
  func updateStatistics() async throws(StoreError) -> [UpdateStatistics]

  /// Lists devices in the order of their identifiers, a page at a time.
  ///
  /// - Parameters:
  ///   - last: the last device of the page before, or `nil` for the first page.
  ///   - limit: the most devices to list.
  /// - Returns: a page; it is the last one if it has fewer than `limit` devices.
  /// - Throws: a ``StoreError`` of the file or the database.
  func deviceStatuses(
    after last: UniversalIdentifier?, limit: Int
  ) async throws(StoreError) -> [DeviceStatus]
}

/// What is asked of the store when a device asks for an update.
public struct UpdateQuery: Equatable, Sendable {
  /// The device, by the registry, and the component that it asks for.
  public var profile: DeviceProfile
  /// The sequence number of the image that runs: only larger ones are of use.
  public var sequenceNumber: SequenceNumber
  /// The digest of the image that runs: a patch must start from it.
  public var imageDigest: Digest

  /// Makes a query from its parts.
  public init(profile: DeviceProfile, sequenceNumber: SequenceNumber, imageDigest: Digest) {
    self.profile = profile
    self.sequenceNumber = sequenceNumber
    self.imageDigest = imageDigest
  }
}
