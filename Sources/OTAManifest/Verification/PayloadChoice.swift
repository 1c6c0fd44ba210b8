import OTACore
import OTACrypto

extension Manifest {
  /// Keeps the payload with the fewest bytes to fetch of those that the device can use, and drops the others.
  ///
  /// Of two of one length it is the first. The same device with the same image running chooses the same, so that a download
  /// that was interrupted goes on.
  ///
  /// - Parameters:
  ///   - context: the device.
  ///   - digestAlgorithm: the one that the device has.
  ///   - checkDecryption: refuses what the device cannot decrypt.
  /// - Returns: the manifest with one payload.
  /// - Throws: why the device cannot use the first payload, if it can use none.
  consuming func choosingPayload(
    for context: VerificationContext, digestAlgorithm: DigestAlgorithm,
    checkDecryption: (PayloadEncryption) throws(ManifestError) -> Void
  ) throws(ManifestError) -> Manifest {
    var chosen: PayloadDescription?
    var refusal: ManifestError?
    for candidate in payloads {
      do throws(ManifestError) {
        try check(candidate, context: context, digestAlgorithm: digestAlgorithm)
        if let encryption = candidate.encryption { try checkDecryption(encryption) }
      } catch {
        if refusal == nil { refusal = error }
        continue
      }
      if let best = chosen, best.transportSize <= candidate.transportSize { continue }
      chosen = candidate
    }
    guard let chosen else { throw refusal ?? .invalid(.alternatives) }
    payload = chosen
    alternatives = []
    // The payload that is the image has its own blocks.
    if payload.encoding == .identity { imageBlocks = nil }
    return self
  }

  private func check(
    _ payload: PayloadDescription, context: VerificationContext, digestAlgorithm: DigestAlgorithm
  ) throws(ManifestError) {
    let limits = context.profile.limits
    // The device has one hash function: what it could not check, it does not begin to fetch.
    guard payload.digest.algorithm == digestAlgorithm else { throw .invalid(.digestAlgorithm) }
    guard payload.size <= limits.payloadSize, payload.transportSize <= limits.payloadSize else {
      throw .limitExceeded(.payloadSize)
    }
    // A block is held in memory until its digest is checked.
    guard min(payload.blocks.blockSize, payload.size) <= limits.decoderMemory else {
      throw .limitExceeded(.blocks)
    }
    switch payload.encoding {
    case .identity: break
    case .delta(let delta):
      if let imageBlocks, min(imageBlocks.blockSize, image.size) > limits.decoderMemory {
        throw .limitExceeded(.blocks)
      }
      guard delta.memory <= limits.decoderMemory else { throw .limitExceeded(.decoderMemory) }
      guard delta.source == context.runningImage else { throw .deltaSourceMismatch }
    }
  }
}
