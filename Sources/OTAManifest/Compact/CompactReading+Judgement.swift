import OTACore
import OTACrypto

extension CompactReading {
  /// Holds what was collected against a device, and picks a payload: the smallest that it can use.
  func judge(
    _ bytes: Span<UInt8>, for device: CompactDevice, in circumstances: CompactCircumstances
  ) throws(CompactRefusal) -> (ImageDescription, CompactPayload) {
    guard let imageDigest else { throw .missing }
    guard let imageSize else { throw .missing }
    guard let size = UInt32(exactly: imageSize), size > 0 else { throw .malformed }
    // A rule that is there but never asked for is refused: its author meant it to be asked for.
    try require(Checked.device, if: deviceID != nil, SUITCode.deviceIdentifier)
    try require(Checked.hardwareRevision, if: hardwareRevisions != nil, SUITCode.hardwareRevision)
    try require(Checked.requiredVersion, if: requiredVersion != nil, SUITCode.requiredVersion)
    guard vendorID == device.vendorID else { throw CompactRefusal(.vendorMismatch) }
    guard classID == device.classID else { throw CompactRefusal(.classMismatch) }
    if let deviceID, deviceID != device.deviceID { throw CompactRefusal(.deviceMismatch) }
    if let hardwareRevisions, !hardwareRevisions.contains(device.hardwareRevision) {
      throw CompactRefusal(.hardwareRevisionMismatch)
    }
    guard device.component.isEqual(to: bytes.extracting(component)) else {
      throw CompactRefusal(.unknownComponent)
    }
    if let requiredVersion, circumstances.runningVersion < requiredVersion {
      throw CompactRefusal(.requiredVersionMissing)
    }
    guard imageDigest.algorithm == .sha256 else { throw .unsupportedAlgorithm }
    let image = ImageDescription(digest: imageDigest, size: size)
    return (image, try payload(of: image, in: bytes, circumstances))
  }

  private func require(_ condition: UInt8, if isSet: Bool, _ code: Int64) throws(CompactRefusal) {
    guard !isSet || checked.contains(condition) else { throw .missing }
  }

  private func payload(
    of image: ImageDescription, in bytes: Span<UInt8>, _ circumstances: CompactCircumstances
  ) throws(CompactRefusal) -> CompactPayload {
    guard alternativeCount > 0 else {
      guard hasURI else { throw .missing }
      guard let fetchArguments else {
        let whole = CompactFetchArguments(image: image)
        try check(whole, circumstances)
        return CompactPayload(whole)
      }
      let arguments = try CompactFetchArguments(fetchArguments, of: bytes, image: image)
      guard !arguments.hasImageBlocks || arguments.encoding != .identity else { throw .malformed }
      try check(arguments, circumstances)
      return CompactPayload(arguments)
    }
    // Set behind the sequences: a payload that nobody would fetch.
    guard !hasURI else { throw .unsupportedCommand }
    guard fetchArguments == nil else { throw .unsupportedCommand }
    var chosen: CompactFetchArguments?
    var refusal: CompactRefusal?
    var hasImageBlocks = false
    var hasPatch = false
    for index in 0..<alternativeCount {
      let candidate = try CompactFetchArguments(alternatives[index], of: bytes, image: image)
      for earlier in 0..<index {
        let other = try CompactFetchArguments(alternatives[earlier], of: bytes, image: image)
        guard other.digest != candidate.digest else { throw .malformed }
      }
      if candidate.encoding != .identity { hasPatch = true }
      if candidate.hasImageBlocks {
        guard !hasImageBlocks else { throw .malformed }
        hasImageBlocks = true
      }
      do throws(CompactRefusal) {
        try check(candidate, circumstances)
        if let best = chosen, best.size <= candidate.size { continue }
        chosen = candidate
      } catch {
        if refusal == nil { refusal = error }
      }
    }
    guard !hasImageBlocks || hasPatch else { throw .malformed }
    guard let chosen else { throw refusal ?? .malformed }
    return CompactPayload(chosen)
  }

  /// Refuses a payload that is of no use here.
  private func check(
    _ payload: CompactFetchArguments, _ circumstances: CompactCircumstances
  ) throws(CompactRefusal) {
    guard payload.digest.algorithm == .sha256 else { throw .unsupportedAlgorithm }
    // A block is held in memory until its digest is checked; behind it is the memory of the decoder, aligned to 4 bytes.
    let block = min(payload.blockSize, payload.size)
    guard block <= circumstances.memory else { throw .limitExceeded }
    switch payload.encoding {
    case .identity: break
    case .delta(let delta):
      guard delta.format == .native else {
        throw CompactRefusal(.deltaUnsupportedFormat)
      }
      let aligned = (UInt64(block) + 3) & ~3
      guard aligned + UInt64(delta.memory) <= UInt64(circumstances.memory) else {
        throw CompactRefusal(.deltaMemoryExceeded)
      }
      guard delta.source == circumstances.runningImage else { throw CompactRefusal(.deltaSourceMismatch) }
    }
  }
}
