import OTACore
import OTACrypto

extension SUITProcessor where Platform: ~Copyable, Hash: ~Copyable {
  /// Runs the current section of a dependency.
  ///
  /// - Note: Source: draft-ietf-suit-trust-domains-11, sections 4.4 and 4.6.2.
  @_lifetime(self: copy self)
  mutating func processDependency(
    _ index: Int, _ manifest: Int, on platform: inout Platform
  ) throws(SUITStop) {
    let code = SUITDirective.processDependency.rawValue
    guard manifests[manifest].isDependency(index) else { throw .broken(.notDependency, by: code) }
    let loaded = Int(manifests[manifest].loaded[index])
    guard loaded != 0 else { throw .broken(.dependencyNotChecked, by: code) }
    do throws(SUITStop) {
      try runSection(of: loaded, on: &platform)
    } catch {
      // The end of a dependency is the end of its dependent, also where it would try something else.
      guard case .condition(let condition, let missing) = error else { throw error }
      throw .failed(missing.map { .manifest(.missingParameter($0)) } ?? .conditionFailed(condition))
    }
    manifests[manifest].processed |= 1 << UInt16(truncatingIfNeeded: index)
  }

  /// Reads the manifest of a dependency, checks its signature, its digest and its sequences, and keeps it.
  ///
  /// A failure is the end of the procedure, never just a condition that does not hold.
  ///
  /// - Note: Source: draft-ietf-suit-trust-domains-11, sections 4.1, 4.2 and 4.6.4.
  @_lifetime(self: copy self)
  mutating func checkIntegrity(
    of index: Int, _ manifest: Int, on platform: inout Platform
  ) throws(SUITStop) {
    let code = SUITCondition.dependencyIntegrity.rawValue
    let parent = manifests[manifest]
    guard parent.isDependency(index) else { throw .broken(.notDependency, by: code) }
    let value = parameter(SUITParameterKey.imageDigest, index, manifest)
    guard !value.isEmpty else { throw .refused(.missingParameter(SUITParameterKey.imageDigest)) }
    let expected = try digest(value)
    if parent.loaded[index] != 0 {
      // Checked before, and not written since; but the digest may be another one now.
      guard manifests[Int(parent.loaded[index])].digest == expected else { throw .refused(.digestMismatch) }
      return
    }
    guard Int(parent.depth) < SUITProcessor.maximumDependencyDepth else {
      throw .failed(.limitExceeded(.dependencyDepth))
    }
    guard manifestCount < SUITProcessor.maximumManifestCount else {
      throw .failed(.limitExceeded(.manifests))
    }
    let handle = components[entry(index, manifest)].handle
    let range = try readEnvelope(of: handle, by: code, on: &platform)
    var child = try authenticated(range, digest: expected)
    guard platform.accepts(child.outline.sequenceNumber, of: handle) else {
      throw .broken(.dependencyTooOld, by: code)
    }
    usedMemory = range.start + range.count
    child.depth = parent.depth + 1
    child.prefix = try prefix(of: index, manifest)
    let number = manifestCount
    manifests[number] = child
    manifestCount += 1
    try register(number, on: &platform)
    try checkSequences(of: number, on: &platform)
    // What has run of the dependent should have run of the dependency too.
    for section in 0..<SUITSection.count
    where parent.completed >> UInt8(section) & 1 != 0 && !child.outline.sections[section].isEmpty {
      throw .broken(.dependencyNotProcessed, by: code)
    }
    manifests[manifest].loaded[index] = UInt8(number)
  }

  /// The digest of the manifest in the envelope that a component holds.
  @_lifetime(self: copy self)
  mutating func manifestDigest(
    of handle: SUITComponentHandle, by code: Int64, on platform: inout Platform
  ) throws(SUITStop) -> Digest {
    let range = try readEnvelope(of: handle, by: code, on: &platform)
    do throws(ManifestError) {
      let bytes = memory.span.extracting(0..<range.start + range.count)
      let envelope = try parsedEnvelope(range)
      return Hash.digest(of: bytes.extracting(envelope.manifest.item))
    } catch {
      throw .refused(error)
    }
  }

  /// Copies an envelope behind the memory that is in use, which it does not take yet.
  @_lifetime(self: copy self)
  private mutating func readEnvelope(
    of handle: SUITComponentHandle, by code: Int64, on platform: inout Platform
  ) throws(SUITStop) -> SUITRange {
    let used = usedMemory
    let count: Int
    let capacity = min(memory.count - used, authority.limits.envelopeSize)
    // Places in the memory have 31 bits.
    guard capacity <= Int(Int32.max) - used else { throw .failed(.limitExceeded(.memory)) }
    do throws(SUITPlatformFailure) {
      // The provisional name of this operation in the standard library of Swift 6.3.
      var free = memory._mutatingExtracting(used..<used + capacity)
      count = try platform.readEnvelope(of: handle, into: &free)
    } catch {
      if error.code == .capacityExceeded { throw .failed(.limitExceeded(.memory)) }
      throw .failed(.platform(command: code, error))
    }
    guard count >= 0, count <= capacity else { throw .failed(.limitExceeded(.memory)) }
    return SUITRange(used..<used + count, isInMemory: true)
  }

  /// Parses an envelope in the memory; offsets are those of the memory.
  private func parsedEnvelope(_ range: SUITRange) throws(ManifestError) -> SUITEnvelope {
    try SUITEnvelope(
      parsing: bytes(range), limits: authority.limits, extent: .all, origin: range.start)
  }

  private func authenticated(
    _ range: SUITRange, digest: Digest
  ) throws(SUITStop) -> SUITLoadedManifest {
    do throws(ManifestError) {
      // Places are those of the whole memory.
      let bytes = memory.span.extracting(0..<range.start + range.count)
      let envelope = try parsedEnvelope(range)
      let (outline, signers) = try authority.outline(of: envelope, in: bytes, isInMemory: true)
      guard envelope.manifestDigest == digest else { throw .digestMismatch }
      var manifest = SUITLoadedManifest(outline: outline, signers: signers)
      manifest.digest = digest
      return manifest
    } catch {
      throw .refused(error)
    }
  }

  /// Drops what is known of a dependency that was written.
  @_lifetime(self: copy self)
  mutating func forgetDependency(_ handle: SUITComponentHandle) {
    for manifest in 0..<manifestCount {
      for index in 0..<manifests[manifest].count
      where components[entry(index, manifest)].handle == handle {
        manifests[manifest].loaded[index] = 0
      }
    }
  }

  /// At the end of a section: every dependency that has this section has run it.
  @_lifetime(self: copy self)
  mutating func checkDependenciesProcessed(by manifest: Int) throws(SUITStop) {
    let dependent = manifests[manifest]
    for index in 0..<dependent.count where dependent.isDependency(index) {
      let loaded = Int(dependent.loaded[index])
      guard loaded != 0 else { continue }
      let isMissing =
        dependent.processed >> UInt16(truncatingIfNeeded: index) & 1 == 0
        && !manifests[loaded].outline.sections[section.index].isEmpty
      if isMissing { throw .broken(.dependencyNotProcessed, by: 0) }
    }
  }

  /// At the end of a procedure: nobody left out a dependency.
  func checkDependenciesLoaded(_ manifest: Int) throws(SUITStop) {
    for index in 0..<manifests[manifest].count
    where manifests[manifest].isDependency(index) && manifests[manifest].loaded[index] == 0 {
      throw .broken(.dependencyNotChecked, by: 0)
    }
  }
}
