import OTACore
import OTACrypto

extension SUITProcessor where Platform: ~Copyable, Hash: ~Copyable {
  /// Evaluates a condition for one component; nothing is changed by it.
  ///
  /// - Note: Source: draft-ietf-suit-manifest-37, section 8.4.9; draft-ietf-suit-trust-domains-11, sections 4.6.3 and
  ///   4.6.4; draft-ietf-suit-update-management, section 5.
  @_lifetime(self: copy self)
  mutating func evaluate(
    _ condition: SUITCondition, _ index: Int, _ manifest: Int, on platform: inout Platform
  ) throws(SUITStop) {
    let code = condition.rawValue
    try permit(code, index, manifest, on: &platform)
    let handle = components[entry(index, manifest)].handle
    let holds: Bool
    switch condition {
    case .vendorIdentifier:
      holds = try matches(.vendor, SUITParameterKey.vendorIdentifier, index, manifest, code, &platform)
    case .classIdentifier:
      holds = try matches(.deviceClass, SUITParameterKey.classIdentifier, index, manifest, code, &platform)
    case .deviceIdentifier:
      holds = try matches(.device, SUITParameterKey.deviceIdentifier, index, manifest, code, &platform)
    case .imageMatch: holds = try imageMatches(index, manifest, code, on: &platform)
    case .imageNotMatch: holds = try !imageMatches(index, manifest, code, on: &platform)
    case .componentSlot:
      let value = try required(SUITParameterKey.componentSlot, index, manifest, by: code)
      holds = platform.isSlot(try unsigned(value), of: handle)
    case .checkContent:
      let value = try required(SUITParameterKey.content, index, manifest, by: code)
      let content = try contents(value)
      let target = try target(index, manifest)
      do throws(SUITPlatformFailure) {
        holds = try platform.holds(bytes(content), in: target)
      } catch {
        throw .failed(.platform(command: code, error))
      }
    case .version:
      let value = try required(SUITParameterKey.version, index, manifest, by: code)
      let contents = try contents(value)
      let match: SUITVersionMatch
      do throws(ManifestError) { match = try readVersionMatch(contents) } catch { throw .refused(error) }
      if let version = platform.version(of: handle) {
        holds = match.holds(for: version)
      } else {
        holds = false
      }
    case .isDependency: holds = manifests[manifest].isDependency(index)
    case .dependencyIntegrity:
      try checkIntegrity(of: index, manifest, on: &platform)
      holds = true
    case .abort: holds = false
    }
    guard holds else { throw .condition(code, missing: nil) }
  }

  /// A parameter that a condition needs; without it the condition does not hold (section 8.4.9).
  func required(
    _ key: Int64, _ index: Int, _ manifest: Int, by code: Int64
  ) throws(SUITStop) -> SUITRange {
    let value = parameter(key, index, manifest)
    guard !value.isEmpty else { throw .condition(code, missing: key) }
    return value
  }

  /// The encoded value of a parameter; empty if it is not set.
  func parameter(_ key: Int64, _ index: Int, _ manifest: Int) -> SUITRange {
    guard let slot = SUITParameterSlot.index(of: key) else { return .none }
    return components[entry(index, manifest)].parameters[slot]
  }

  /// A component with what the manifest says of its contents.
  func target(_ index: Int, _ manifest: Int) throws(SUITStop) -> SUITTarget {
    var target = SUITTarget(component: components[entry(index, manifest)].handle)
    let slot = parameter(SUITParameterKey.componentSlot, index, manifest)
    if !slot.isEmpty { target.slot = try unsigned(slot) }
    let size = parameter(SUITParameterKey.imageSize, index, manifest)
    if !size.isEmpty { target.size = try unsigned(size) }
    let digest = parameter(SUITParameterKey.imageDigest, index, manifest)
    if !digest.isEmpty { target.digest = try self.digest(digest) }
    return target
  }

  func digest(_ value: SUITRange) throws(SUITStop) -> Digest {
    let contents = try contents(value)
    do throws(ManifestError) {
      var reader = CBORReader(bytes(contents), origin: contents.start)
      return try readDigest(&reader)
    } catch {
      throw .refused(error)
    }
  }

  private func unsigned(_ value: SUITRange) throws(SUITStop) -> UInt64 {
    do throws(ManifestError) {
      var reader = CBORReader(bytes(value), origin: value.start)
      return try readUnsigned(&reader)
    } catch {
      throw .refused(error)
    }
  }

  @_lifetime(self: copy self)
  private mutating func matches(
    _ identity: SUITIdentity, _ key: Int64, _ index: Int, _ manifest: Int, _ code: Int64,
    _ platform: inout Platform
  ) throws(SUITStop) -> Bool {
    let value = try required(key, index, manifest, by: code)
    let handle = components[entry(index, manifest)].handle
    // A private enterprise number has a tag of two bytes before its string.
    let tagged = bytes(value)[0] >> 5 == CBORReader.MajorType.tag.rawValue
    guard tagged else { return platform.matches(identity, bytes(try contents(value)), of: handle) }
    let inner = SUITRange(value.start + 2..<value.start + value.count, isInMemory: value.isInMemory)
    return platform.matches(.vendorEnterpriseNumber, bytes(try contents(inner)), of: handle)
  }

  @_lifetime(self: copy self)
  private mutating func imageMatches(
    _ index: Int, _ manifest: Int, _ code: Int64, on platform: inout Platform
  ) throws(SUITStop) -> Bool {
    _ = try required(SUITParameterKey.imageDigest, index, manifest, by: code)
    let target = try target(index, manifest)
    guard let digest = target.digest else { return false }
    if manifests[manifest].isDependency(index) {
      // The digest of a dependency is that of its manifest: trust-domains, section 4.2.2.
      return try manifestDigest(of: target.component, by: code, on: &platform) == digest
    }
    do throws(SUITPlatformFailure) {
      return try platform.digest(of: target, algorithm: digest.algorithm) == digest
    } catch {
      throw .failed(.platform(command: code, error))
    }
  }
}
