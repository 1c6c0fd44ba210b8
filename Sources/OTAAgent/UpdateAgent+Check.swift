import FoundationEssentials
import OTACore
import OTACrypto
import OTADelta
import OTAManifest
import OTAPartition
import OTAStateMachine

// Asking the server, and verifying what it says: everything from the network is held against the trust store and the
// journal before the machine hears of it.
extension UpdateAgent where Device: ~Copyable {
  func check() async -> UpdateEvent {
    guard let running = runningImage else { return .storageFailed(.slotEmpty) }
    let trust: (keys: TrustStore, policy: SignaturePolicy)
    do throws(TrustAnchorError) {
      trust = try await currentTrust()
    } catch {
      dropUpdate()
      configuration.observer(.refused(error.code))
      return .checkFailed(error.code)
    }
    let update: UpdateCheckResponse.Update?
    if let discovery = configuration.discovery {
      do throws(DiscoveryError) {
        try await discovery.refresh()
      } catch {
        return checkFailed(error.code)
      }
    }
    do throws(TransportError) {
      update = try await askServer(running)
    } catch {
      return checkFailed(error.code)
    }
    guard let update else {
      dropUpdate()
      return .noUpdateFound
    }
    guard let bytes = [UInt8](hexadecimal: update.id),
      let updateID = try? Digest(algorithm: .sha256, bytes: bytes.span)
    else { return checkFailed(.transportMalformed) }
    let envelope: [UInt8]
    do throws(DiscoveryError) {
      envelope = try await fetchEnvelope(update, updateID)
    } catch {
      // Whoever stands in between could make a device refuse in public what was never offered: nothing is reported.
      return checkFailed(error.code)
    }
    // The identifier names the update in reports. It is the server's word, and a wrong one must not make the server
    // believe that the device refused something else.
    guard AgentHash.digest(of: envelope.span) == updateID else {
      return refuse(updateID, .manifestDigestMismatch)
    }
    do throws(ManifestError) {
      let verifier = ManifestVerifier(verifier: configuration.backends, hash: AgentHash.self)
      let context = VerificationContext(
        trustStore: trust.keys, profile: configuration.profile,
        securityCounter: target.storage.state.boot.securityCounter, runningVersion: running.version,
        runningImage: running.image, signaturePolicy: trust.policy)
      let verified = try verifier.verify(
        envelope.span, context: context, checkDecryption: configuration.payloadDecryption.check)
      let manifest = verified.manifest
      // The same update again, after its download was given up for a while: what arrived is still good.
      if installation?.offer.updateID != updateID { dropUpdate() }
      candidate = consume verified
      offeredManifest = manifest
      configuration.observer(.offered(manifest))
      return .manifestVerified(
        Offer(
          updateID: updateID, sequenceNumber: manifest.sequenceNumber, imageSize: manifest.image.size))
    } catch {
      return refuse(updateID, error.code)
    }
  }

  private func checkFailed(_ code: ErrorCode) -> UpdateEvent {
    watch(code)
    return .checkFailed(code)
  }

  private func refuse(_ updateID: Digest, _ code: ErrorCode) -> UpdateEvent {
    dropUpdate()
    notice(refusal: code)
    return .manifestRefused(updateID: updateID, code)
  }

  private func askServer(
    _ running: ImageRecord
  ) async throws(TransportError) -> UpdateCheckResponse.Update? {
    let profile = configuration.profile
    let request = UpdateCheckRequest(
      device: "\(profile.deviceID)", vendor: "\(profile.vendorID)", deviceClass: "\(profile.classID)",
      hardwareRevision: profile.hardwareRevision,
      component: String(decoding: profile.component.bytes, as: UTF8.self), version: "\(running.version)",
      sequenceNumber: running.sequenceNumber.rawValue, imageDigest: "\(running.image.digest)",
      deltaFormats: DeltaFormat.allCases.map(\.name), decoderMemory: profile.limits.decoderMemory)
    let body = try encode(request)
    let response = try await configuration.transport.exchange(
      TransportRequest(.post, "/api/v1/updates/check", contentType: "application/json", body: body),
      limit: 64 << 10)
    guard response.status == 200 else { throw .status(response.status) }
    do {
      let answer = try JSONDecoder().decode(UpdateCheckResponse.self, from: Data(response.body))
      requestedPause = .seconds(Int64(answer.pollSeconds))
      return answer.update
    } catch {
      throw .malformed
    }
  }

  /// Fetches the envelope, from where the discovery says if there is one.
  private func fetchEnvelope(
    _ update: UpdateCheckResponse.Update, _ updateID: Digest
  ) async throws(DiscoveryError) -> [UInt8] {
    if let discovery = configuration.discovery {
      return try await discovery.envelope(of: updateID, limit: configuration.profile.limits.envelopeSize)
    }
    do throws(TransportError) {
      return try await fetchEnvelope(update)
    } catch {
      throw DiscoveryError(error.code)
    }
  }

  private func fetchEnvelope(
    _ update: UpdateCheckResponse.Update
  ) async throws(TransportError) -> [UInt8] {
    let limit = configuration.profile.limits.envelopeSize
    guard update.manifestSize >= 0, update.manifestSize <= limit else { throw .responseTooLarge }
    let stream = try await configuration.transport.open(update.manifest, from: 0)
    defer { stream.cancel() }
    var envelope: [UInt8] = []
    while let bytes = try await stream.next(limit: 16 << 10) {
      guard bytes.count <= limit - envelope.count else { throw .responseTooLarge }
      envelope += bytes
    }
    return envelope
  }

  func encode(_ document: some Encodable) throws(TransportError) -> [UInt8] {
    do {
      return [UInt8](try JSONEncoder().encode(document))
    } catch {
      throw .malformed
    }
  }

  func askToInstall() async -> UpdateEvent {
    guard let manifest = offeredManifest else { return .storageFailed(.manifestMissingParameter) }
    return .policyDecided(await configuration.policy.mayInstall(manifest))
  }

  func askToApply() async -> UpdateEvent {
    guard let manifest = offeredManifest else { return .storageFailed(.manifestMissingParameter) }
    return .policyDecided(await configuration.policy.mayRestart(manifest))
  }
}
