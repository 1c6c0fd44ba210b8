import OTACore

extension Manifest {
  /// The most dependencies that a manifest may name.
  static var maximumDependencyCount: Int { 32 }
  /// The most payloads that a manifest may offer.
  static var maximumPayloadCount: Int { 8 }

  /// Refuses what no device could use, or what contradicts itself; the writer and the reader ask the same.
  ///
  /// - Throws: ``ManifestError/invalid(_:)`` with the first field that is wrong.
  func checkRules() throws(ManifestError) {
    guard !component.bytes.isEmpty else { throw .invalid(.component) }
    // An envelope describes one image; one of several components is not written or read.
    guard companions.count == 0 else { throw .invalid(.component) }
    guard image.size > 0 else { throw .invalid(.imageSize) }
    try checkPayloads()
    guard
      installSteps == [.fetch, .install, .validate]
        || installSteps == [.fetch, .install, .validate, .invoke]
    else { throw .invalid(.installSteps) }
    guard dependencies.count <= Manifest.maximumDependencyCount else { throw .limitExceeded(.dependencies) }
    for index in 0..<dependencies.count {
      guard !dependencies[index].component.bytes.isEmpty else { throw .invalid(.dependencies) }
      for other in 0..<index where dependencies[other].component == dependencies[index].component {
        throw .invalid(.dependencies)
      }
    }
  }

  private func checkPayloads() throws(ManifestError) {
    let payloads = payloads
    guard payloads.count <= Manifest.maximumPayloadCount else { throw .limitExceeded(.alternatives) }
    var hasPatch = false
    for index in 0..<payloads.count {
      let payload = payloads[index]
      guard payload.size > 0 else { throw .invalid(.payloadSize) }
      guard !payload.uri.isEmpty else { throw .invalid(.uri) }
      switch payload.encoding {
      case .identity:
        // The payload is the image: one description for both.
        guard payload.digest == image.digest, payload.size == image.size else { throw .invalid(.encoding) }
      case .delta:
        hasPatch = true
      }
      try Manifest.check(payload.blocks, of: payload.size)
      try payload.checkEncryption()
      // The same bytes may be there in clear, and encrypted.
      for earlier in 0..<index
      where payloads[earlier].digest == payload.digest && payloads[earlier].encryption == payload.encryption {
        throw .invalid(.alternatives)
      }
    }
    guard let imageBlocks else { return }
    // Without a patch the blocks of the payload are these.
    guard hasPatch else { throw .invalid(.blocks) }
    try Manifest.check(imageBlocks, of: image.size)
  }

  private static func check(_ blocks: BlockDigests, of size: UInt32) throws(ManifestError) {
    guard blocks.isComplete(for: size) else { throw .invalid(.blocks) }
    for digest in blocks.digests where digest.algorithm != .sha256 { throw .invalid(.digestAlgorithm) }
  }
}
