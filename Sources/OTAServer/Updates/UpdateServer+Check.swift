import OTACore

extension UpdateServer {
  /// `POST /api/v1/updates/check`.
  func check(_ request: ServerRequest) async throws(RequestRefusal) -> ServerResponse {
    let asked = try DeviceRequest(try request.decode(UpdateCheckRequest.self))
    let device = try await registered(asked.device)
    try hold(asked, against: device)

    let selection = UpdateSelection(
      profile: device.profile(component: asked.component), version: asked.version,
      sequenceNumber: asked.sequenceNumber, imageDigest: asked.imageDigest,
      deltaFormats: asked.deltaFormats, decoderMemory: asked.decoderMemory)
    let update = try await offer(selection)
    let document = UpdateCheckResponse(
      update: update.map { update in
        UpdateCheckResponse.Update(
          id: update.id.description, manifest: UpdateServer.artifactReference(update.id),
          manifestSize: Int(clamping: update.envelopeSize))
      },
      pollSeconds: configuration.pollSeconds)
    return .json(status: 200, document)
  }

  /// Chooses the update, and keeps that it was offered before the device learns of it.
  private func offer(_ selection: UpdateSelection) async throws(RequestRefusal) -> PublishedUpdate? {
    let query = UpdateQuery(
      profile: selection.profile, sequenceNumber: selection.sequenceNumber,
      imageDigest: selection.imageDigest)
    let checkIn = CheckIn(
      device: selection.profile.deviceID, component: selection.profile.component,
      version: selection.version, sequenceNumber: selection.sequenceNumber,
      imageDigest: selection.imageDigest, at: now())
    do throws(StoreError) {
      let update = selection.best(of: try await store.candidates(for: query))
      try await store.recordCheckIn(checkIn, offering: update?.id)
      return update
    } catch {
      throw RequestRefusal(error)
    }
  }

  /// Looks a device up.
  func registered(_ id: UniversalIdentifier) async throws(RequestRefusal) -> RegisteredDevice {
    do throws(StoreError) {
      guard let device = try await store.device(id) else { throw .unknownDevice }
      return device
    } catch {
      throw RequestRefusal(error)
    }
  }

  /// Refuses a device that describes itself differently than the registry: one of them is wrong, and an update by
  /// either could be for other hardware.
  private func hold(
    _ asked: DeviceRequest, against device: RegisteredDevice
  ) throws(RequestRefusal) {
    func refusal(_ code: ErrorCode, _ what: String) -> RequestRefusal {
      var refusal = RequestRefusal(400, code, "the device is registered with another \(what)")
      refusal.device = device.id
      return refusal
    }
    guard asked.vendor == device.vendorID else { throw refusal(.vendorMismatch, "vendor") }
    guard asked.deviceClass == device.classID else { throw refusal(.classMismatch, "class") }
    guard asked.hardwareRevision == device.hardwareRevision else {
      throw refusal(.hardwareRevisionMismatch, "hardware revision")
    }
  }
}
