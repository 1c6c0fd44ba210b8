import OTACore
import OTACrypto

extension SUITProcessor where Platform: ~Copyable, Hash: ~Copyable {
  /// Carries out a directive for one component; if it fails, the procedure ends.
  ///
  /// - Note: Source: draft-ietf-suit-manifest-37, section 8.4.10.
  @_lifetime(self: copy self)
  mutating func perform(
    _ directive: SUITDirective, _ index: Int, _ frame: inout SUITFrame, on platform: inout Platform
  ) throws(SUITStop) {
    let (code, manifest) = (directive.rawValue, frame.manifest)
    if directive == .processDependency, !frame.selection.isSingle, !manifests[manifest].isDependency(index) {
      // For all components it is for all dependencies: trust-domains, section 4.6.2.
      return
    }
    try permit(code, index, manifest, on: &platform)
    let target = try target(index, manifest)
    var source: SUITComponentHandle?
    if directive == .copy || directive == .swap {
      _ = try needed(SUITParameterKey.sourceComponent, index, manifest)
      let entry = Int(components[entry(index, manifest)].source)
      source = components[entry].handle
      try permit(code, components[entry].handle, manifest, on: &platform)
      if !frame.isStrict { frame.sources |= 1 << UInt32(entry) }
    }
    switch directive {
    case .fetch, .write, .copy, .swap:
      if !frame.isStrict {
        frame.targets |= 1 << UInt32(entry(index, manifest))
        guard frame.targets & frame.sources == 0 else { throw .broken(.unordered, by: code) }
      }
      try transfer(directive, index, manifest, target, source, on: &platform)
      // What was checked of it before says nothing about what it is now.
      forgetDependency(target.component)
      if directive == .swap, let source { forgetDependency(source) }
    case .invoke:
      let value = parameter(SUITParameterKey.invokeArguments, index, manifest)
      let arguments = value.isEmpty ? SUITRange.none : try contents(value)
      let invocation: SUITInvocation
      do throws(SUITPlatformFailure) {
        invocation = try platform.invoke(target, arguments: bytes(arguments))
      } catch {
        throw .failed(.platform(command: code, error))
      }
      guard invocation == .returned else { throw .transferred }
    case .unlink:
      do throws(SUITPlatformFailure) {
        try platform.unlink(target.component)
      } catch {
        throw .failed(.platform(command: code, error))
      }
    case .processDependency:
      try processDependency(index, manifest, on: &platform)
    }
  }

  /// Moves bytes into a component.
  @_lifetime(self: copy self)
  private mutating func transfer(
    _ directive: SUITDirective, _ index: Int, _ manifest: Int, _ target: SUITTarget,
    _ source: SUITComponentHandle?, on platform: inout Platform
  ) throws(SUITStop) {
    let key =
      switch directive {
      case .fetch: SUITParameterKey.uri
      case .write: SUITParameterKey.content
      default: SUITParameterKey.sourceComponent
      }
    let value = try needed(key, index, manifest)
    var payload: SUITRange?
    var argument = SUITRange.none
    if directive == .fetch {
      argument = try contents(value, isText: true)
      payload = try integratedPayload(argument, manifest)
    } else if directive == .write {
      payload = try contents(value)
    }
    let fetchArguments = try optional(SUITParameterKey.fetchArguments, index, manifest)
    let encryptionInfo = try optional(SUITParameterKey.encryptionInfo, index, manifest)
    let options = SUITTransferOptions(
      fetchArguments: bytes(fetchArguments), encryptionInfo: bytes(encryptionInfo))
    do throws(SUITPlatformFailure) {
      if let payload {
        try platform.store(bytes(payload), into: target, options: options)
      } else if let source {
        if directive == .swap {
          try platform.swap(source, with: target)
        } else {
          try platform.copy(source, into: target, options: options)
        }
      } else {
        try platform.fetch(bytes(argument), into: target, options: options)
      }
    } catch {
      throw .failed(.platform(command: directive.rawValue, error))
    }
  }

  /// A parameter that a directive needs; without it the procedure ends.
  private func needed(_ key: Int64, _ index: Int, _ manifest: Int) throws(SUITStop) -> SUITRange {
    let value = parameter(key, index, manifest)
    guard !value.isEmpty else { throw .refused(.missingParameter(key)) }
    return value
  }

  private func optional(_ key: Int64, _ index: Int, _ manifest: Int) throws(SUITStop) -> SUITRange {
    let value = parameter(key, index, manifest)
    return value.isEmpty ? .none : try contents(value)
  }

  /// The payload of the manifest's own envelope that a URI names; `nil` if it is to be fetched.
  ///
  /// - Note: Source: draft-ietf-suit-manifest-37, section 7.5; a fragment alone (`#...`) is nowhere else.
  private func integratedPayload(_ uri: SUITRange, _ manifest: Int) throws(SUITStop) -> SUITRange? {
    let outline = manifests[manifest].outline
    let name = bytes(uri)
    do throws(ParseError) {
      var reader = CBORReader(bytes(outline.payloads), origin: outline.payloads.start)
      for _ in 0..<outline.payloadCount {
        let isIt = isEqual(try reader.readTextString(), name)
        let count = try reader.readByteString().count
        if isIt {
          return SUITRange(reader.offset - count..<reader.offset, isInMemory: outline.payloads.isInMemory)
        }
      }
    } catch {
      throw .refused(.malformed(error))
    }
    // "#"
    if name.count > 0, name[0] == 0x23 { throw .broken(.payloadMissing, by: SUITCode.fetch) }
    return nil
  }

  private func isEqual(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
    guard left.count == right.count else { return false }
    for index in 0..<left.count where left[index] != right[index] { return false }
    return true
  }
}
