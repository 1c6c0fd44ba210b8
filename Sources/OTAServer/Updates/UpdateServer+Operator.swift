public import OTACore
import OTACrypto
import OTACryptoSodium

// What an operator's program calls; nothing of it is reachable over the routes of ``UpdateServer/respond(to:)``.
extension UpdateServer {
  /// Adds a device to the registry; adding the same facts again changes nothing.
  ///
  /// - Throws: ``ServerError/store(_:)``; with ``StoreError/conflict`` if the device is registered with other facts
  ///   or another key.
  public func register(_ device: RegisteredDevice) async throws(ServerError) {
    do throws(StoreError) {
      try await store.register(device, at: now())
    } catch {
      throw .store(error)
    }
  }

  /// Makes an update available to the devices that it fits.
  ///
  /// Of a manifest with several payloads one must be the image, so that every device that is offered it can use one.
  ///
  /// Publishing the same again changes nothing. The files are on the disk before the update is known: a failure, also
  /// a loss of power, leaves at most a file that no update names.
  ///
  /// - Parameters:
  ///   - envelope: the signed manifest.
  ///   - payloads: the bytes that devices fetch: of each payload, in the order of the manifest. Of one that is encrypted
  ///     only the length is checked: the server has no key.
  /// - Returns: the update.
  /// - Throws: ``ServerError``; nothing is offered then.
  @discardableResult
  public func publish(
    envelope: [UInt8], payloads: [[UInt8]]
  ) async throws(ServerError) -> PublishedUpdate {
    let manifest: Manifest
    do throws(VerificationRefusal) {
      manifest = try verifier.manifest(in: envelope)
    } catch {
      throw .manifestRefused(error.code)
    }
    try UpdateServer.requireKeepable(manifest)
    guard payloads.count == manifest.payloads.count else { throw .payloadSizeMismatch }
    for (payload, description) in zip(payloads, manifest.payloads) {
      guard payload.count == Int(description.transportSize) else { throw .payloadSizeMismatch }
      guard description.encryption == nil else { continue }
      guard SodiumSHA256.digest(of: payload.span) == description.digest,
        UpdateServer.blocks(description.blocks, match: payload.span)
      else {
        throw .payloadDigestMismatch
      }
    }
    // What is encrypted has another digest on the way than in the manifest.
    let transported = payloads.map { payload in
      ImageDescription(digest: SodiumSHA256.digest(of: payload.span), size: UInt32(payload.count))
    }
    let ranked = try UpdateServer.mostGeneralPayload(of: manifest)
    var facts = manifest
    (facts.payload, facts.alternatives) = (manifest.payloads[ranked], [])
    var update = PublishedUpdate(
      manifest: facts, id: SodiumSHA256.digest(of: envelope.span), envelopeSize: UInt64(envelope.count),
      publishedAt: now())
    update.payload = transported[ranked]
    do throws(StoreError) {
      var records: [ArtifactRecord] = []
      for (payload, description) in zip(payloads, transported) {
        try artifacts.add(payload, as: description.digest)
        records.append(ArtifactRecord(digest: description.digest, size: UInt64(payload.count)))
      }
      try artifacts.add(envelope, as: update.id)
      records.append(ArtifactRecord(digest: update.id, size: update.envelopeSize))
      try await store.publish(update, artifacts: records)
    } catch {
      throw .store(error)
    }
    return update
  }

  /// Makes an update with one payload available; as ``publish(envelope:payloads:)``.
  ///
  /// - Parameters:
  ///   - envelope: the signed manifest.
  ///   - payload: the bytes that it describes.
  /// - Returns: the update.
  /// - Throws: ``ServerError``; nothing is offered then.
  @discardableResult
  public func publish(
    envelope: [UInt8], payload: [UInt8]
  ) async throws(ServerError) -> PublishedUpdate {
    try await publish(envelope: envelope, payloads: [payload])
  }

  /// The payload by which the server decides whom it offers the update: of several the image, which fits all, and rather
  /// in clear, for which nobody needs a key.
  private static func mostGeneralPayload(of manifest: Manifest) throws(ServerError) -> Int {
    let payloads = manifest.payloads
    guard payloads.count > 1 else { return 0 }
    let images = payloads.indices.filter { payloads[$0].encoding == .identity }
    guard let first = images.first(where: { payloads[$0].encryption == nil }) ?? images.first else {
      throw .manifestRefused(.manifestMissingParameter)
    }
    return first
  }

  /// Whether each block has its digest: a device would find out only in the middle of the download.
  private static func blocks(_ blocks: BlockDigests, match payload: Span<UInt8>) -> Bool {
    guard let blockSize = Int(exactly: blocks.blockSize), blockSize > 0 else { return false }
    var start = 0
    for digest in blocks.digests {
      let end = start + min(blockSize, payload.count - start)
      guard end > start, SodiumSHA256.digest(of: payload.extracting(start..<end)) == digest else {
        return false
      }
      start = end
    }
    return start == payload.count
  }

  /// Refuses what no store could keep, before anything is written.
  private static func requireKeepable(_ manifest: Manifest) throws(ServerError) {
    var digests = [manifest.image.digest]
    for payload in manifest.payloads {
      digests.append(payload.digest)
      if case .delta(let delta) = payload.encoding { digests.append(delta.source.digest) }
    }
    guard digests.allSatisfy({ $0.algorithm == .sha256 }) else {
      throw .manifestRefused(.unsupportedAlgorithm)
    }
    guard manifest.sequenceNumber.rawValue <= UInt64(Int64.max) else {
      throw .manifestRefused(.limitExceeded)
    }
  }

  /// Counts the devices in each state of each update, the latest sequence number first.
  ///
  /// - Throws: ``ServerError/store(_:)``.
  public func statistics() async throws(ServerError) -> [UpdateStatistics] {
    do throws(StoreError) {
      return try await store.updateStatistics()
    } catch {
      throw .store(error)
    }
  }

  /// Lists devices in the order of their identifiers, a page at a time.
  ///
  /// - Parameters:
  ///   - last: the last device of the page before, or `nil` for the first page.
  ///   - limit: the most devices to list.
  /// - Returns: a page; it is the last one if it has fewer than `limit` devices.
  /// - Throws: ``ServerError/store(_:)``.
  public func deviceStatuses(
    after last: UniversalIdentifier? = nil, limit: Int = 100
  ) async throws(ServerError) -> [DeviceStatus] {
    do throws(StoreError) {
      return try await store.deviceStatuses(after: last, limit: limit)
    } catch {
      throw .store(error)
    }
  }

  /// Lists the deployments of a device, the latest sequence number first.
  ///
  /// - Throws: ``ServerError/store(_:)``.
  public func deployments(of device: UniversalIdentifier) async throws(ServerError) -> [Deployment] {
    do throws(StoreError) {
      return try await store.deployments(of: device)
    } catch {
      throw .store(error)
    }
  }

  /// Lists the receipts of a device in the order in which they arrived.
  ///
  /// - Throws: ``ServerError/store(_:)``.
  public func receipts(of device: UniversalIdentifier) async throws(ServerError) -> [StoredReceipt] {
    do throws(StoreError) {
      return try await store.receipts(of: device)
    } catch {
      throw .store(error)
    }
  }
}
