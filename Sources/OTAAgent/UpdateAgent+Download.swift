import OTACore
import OTAPartition
import OTAStateMachine

extension UpdateAgent where Device: ~Copyable {
  /// Fetches the payload from where it was left, until it is complete or the way breaks off.
  func download(_ offer: Offer, interruptions: UInt8) async -> UpdateEvent {
    if interruptions > 0 {
      do {
        try await configuration.sleep(configuration.backoff.delay(afterFailures: interruptions))
      } catch {
        // The program ends, not the update: what is staged stays staged.
        return .downloadInterrupted(.transportInterrupted)
      }
    }
    do throws(DownloadFailure) {
      try prepareInstallation(offer)
      try await fetchPayload()
      try finishImage()
      return .downloadCompleted
    } catch {
      switch error {
      case .cancelled:
        return .cancelled
      case .interrupted(let code):
        configuration.observer(.interrupted(payloadBytes: installation?.receivedBytes ?? 0, code))
        watch(code)
        return .downloadInterrupted(code)
      case .failed(.refused(let code)):
        dropUpdate()
        notice(refusal: code)
        return .payloadRefused(code)
      case .failed(.storage(let code)):
        dropUpdate()
        configuration.observer(.storageFailed(code))
        return .storageFailed(code)
      }
    }
  }

  private func finishImage() throws(DownloadFailure) {
    do throws(PayloadFailure) {
      staged = try installation?.finish(into: &target)
    } catch {
      throw .failed(error)
    }
  }

  private func prepareInstallation(_ offer: Offer) throws(DownloadFailure) {
    guard installation == nil else { return }
    guard let manifest = candidate.take() else { throw .failed(.storage(.manifestMissingParameter)) }
    do throws(PayloadFailure) {
      installation = try Installation(
        manifest, offer: offer, stagedBytes: target.stagedBytes(of: offer),
        limits: configuration.profile.limits, decryption: configuration.payloadDecryption)
    } catch {
      throw .failed(error)
    }
  }

  private func fetchPayload() async throws(DownloadFailure) {
    guard installation?.isStaged == false, let payload = installation?.payload else { return }
    while let start = installation?.receivedBytes, start < payload.transportSize {
      configuration.observer(.downloading(from: start, of: payload.transportSize))
      do {
        let stream = try await configuration.transport.open(
          String(decoding: payload.uri, as: UTF8.self), from: UInt64(start))
        defer { stream.cancel() }
        while let bytes = try await stream.next(limit: 64 << 10) {
          try take(bytes, of: payload)
          guard !takeCancelRequest() else { throw DownloadFailure.cancelled }
        }
      } catch let error as TransportError {
        throw .interrupted(error.code)
      } catch let error as DownloadFailure {
        throw error
      } catch {
        throw .interrupted(.transportInterrupted)
      }
      // A server may end a stream early in good order; asking for the rest must then bring at least one byte.
      guard let end = installation?.receivedBytes, end > start else {
        throw .interrupted(.transportInterrupted)
      }
    }
  }

  private func take(_ bytes: [UInt8], of payload: PayloadDescription) throws(DownloadFailure) {
    let before = installation?.authenticatedBytes ?? 0
    do throws(PayloadFailure) {
      try installation?.take(bytes, into: &target)
    } catch {
      throw .failed(error)
    }
    let after = installation?.authenticatedBytes ?? 0
    guard after > before else { return }
    configuration.observer(.advanced(payloadBytes: after, of: payload.size))
    _ = advance(.downloadAdvanced)
  }
}

/// Why a download ended before the image was complete.
enum DownloadFailure: Error, Equatable {
  /// Somebody wants the update no more.
  case cancelled
  /// The way to the payload broke off; what arrived is kept.
  case interrupted(ErrorCode)
  /// The payload cannot be taken in.
  case failed(PayloadFailure)
}
