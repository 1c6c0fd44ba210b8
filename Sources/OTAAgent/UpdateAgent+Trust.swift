import OTACore
import OTACrypto
import OTAManifest
import OTAPartition

// Whom the agent believes: a constant trust store, or trust anchors that are kept and exchanged.
extension UpdateAgent where Device: ~Copyable {
  /// How many sets a device takes at one poll: after years without one, the rest comes at the next.
  private static var maximumSetCount: Int { 64 }

  /// The keys that may sign what is installed now, and how many of them must.
  ///
  /// Asks the server for the sets that follow first: what they leave out must not install anything any more. That the
  /// server has none, or sends something that is not one, changes nothing.
  ///
  /// - Returns: the keys, and the policy: that of the configuration, with the threshold of the set where it is higher.
  /// - Throws: a `TrustAnchorError` if the trust anchors cannot be read, or have expired.
  func currentTrust() async throws(TrustAnchorError) -> (keys: TrustStore, policy: SignaturePolicy) {
    var policy = configuration.signaturePolicy
    guard let keeper = configuration.trustKeeper else { return (configuration.trustStore, policy) }
    var state = try await keeper.state()
    var isNew = false
    for _ in 0..<Self.maximumSetCount {
      guard let update = await fetchSet(state.anchors.number) else { break }
      do throws(TrustAnchorError) {
        state = try await follow(update, keeper)
        isNew = true
      } catch {
        configuration.observer(.refused(error.code))
        break
      }
    }
    // What runs may never have needed the keys that were left out.
    if isNew { await retireImageKeys() }
    let (trustStore, threshold) = try state.manifestKeys(at: configuration.trustedTime())
    policy.threshold = max(policy.threshold, threshold)
    return (trustStore, policy)
  }

  /// Replaces the set, and gives up what keys of the one before have let in.
  private func follow(
    _ update: [UInt8], _ keeper: any TrustKeeper
  ) async throws(TrustAnchorError) -> TrustState {
    guard var image = target.storage.runningImage else { throw .updateInProgress }
    // A download that never ends must not keep a set away. What was staged is staged again, if it is still genuine.
    if case .staging = target.storage.state.update {
      image.isSettled = true
      guard case .confirmed(target.storage.runningSlot) = target.storage.state.boot.selection else {
        throw .updateInProgress
      }
    }
    let state = try await keeper.install(update, on: image)
    dropUpdate()
    return state
  }

  /// The update that brings the set after this one, if the server has it.
  private func fetchSet(_ number: UInt64) async -> [UInt8]? {
    guard number < .max else { return nil }
    let request = TransportRequest(.get, "/api/v1/trust/\(number + 1)")
    do throws(TransportError) {
      let response = try await configuration.transport.exchange(
        request, limit: TrustAnchors.maximumUpdateSize)
      return response.status == 200 ? response.body : nil
    } catch {
      return nil
    }
  }
}
