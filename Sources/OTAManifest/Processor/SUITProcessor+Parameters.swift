import OTACore
import OTACrypto

extension SUITProcessor where Platform: ~Copyable, Hash: ~Copyable {
  /// Sets parameters of the chosen components, or only looks whether it could.
  ///
  /// - Note: Source: draft-ietf-suit-manifest-37, section 8.4.10.3; draft-ietf-suit-trust-domains-11, section 4.6.1.
  @_lifetime(self: copy self)
  mutating func setParameters(
    _ instruction: SUITInstruction, _ frame: inout SUITFrame, on platform: inout Platform
  ) throws(SUITStop) {
    let isOverride = instruction.code == SUITCode.overrideParameters
    try countStep()
    var position = 0
    var count = 0
    do throws(ManifestError) {
      count = try openMap(instruction.argument, &position)
    } catch {
      throw .refused(error)
    }
    var previous: Int64?
    while count > 0 {
      let pair: SUITPair
      do throws(ManifestError) {
        pair = try nextPair(instruction.argument, &position, after: &previous)
      } catch {
        throw .refused(error)
      }
      try set(pair, isOverride: isOverride, &frame, on: &platform)
      count -= 1
    }
  }

  @_lifetime(self: copy self)
  private mutating func set(
    _ pair: SUITPair, isOverride: Bool, _ frame: inout SUITFrame, on platform: inout Platform
  ) throws(SUITStop) {
    switch pair.key {
    case SUITParameterKey.softFailure:
      guard frame.isNested else { throw .broken(.softFailureOutside, by: SUITCode.overrideParameters) }
      let value = try bool(pair.value)
      // It always has a value, which set-parameters leaves.
      if isOverride { frame.softFailure = value }
    case SUITParameterKey.strictOrder:
      let value = try bool(pair.value)
      guard isOverride else { return }
      frame.isStrict = value
      if value { (frame.targets, frame.sources) = (0, 0) }
    case ..<SUITCode.lastRegistered:
      // Section 8.4.8.14: not in the shared sequence.
      guard !frame.isShared, platform.supports(parameter: pair.key) else {
        throw .refused(.unsupportedParameter(pair.key))
      }
      guard !frame.isCheck else { return }
      for place in 0..<frame.selection.count {
        let entry = entry(Int(frame.selection.indices[place]), frame.manifest)
        platform.set(parameter: pair.key, to: bytes(pair.value), of: components[entry].handle)
      }
    default:
      guard let slot = SUITParameterSlot.index(of: pair.key) else {
        throw .refused(.unsupportedParameter(pair.key))
      }
      let source: UInt8
      do throws(ManifestError) {
        source = try checkValue(pair, of: frame.manifest)
      } catch {
        throw .refused(error)
      }
      guard !frame.isCheck else { return }
      for place in 0..<frame.selection.count {
        let entry = entry(Int(frame.selection.indices[place]), frame.manifest)
        guard isOverride || components[entry].parameters[slot].isEmpty else { continue }
        components[entry].parameters[slot] = pair.value
        if pair.key == SUITParameterKey.sourceComponent { components[entry].source = source }
      }
    }
  }

  /// Refuses a value that its key does not allow.
  ///
  /// - Returns: for a source component its place in the table of all.
  private func checkValue(_ pair: SUITPair, of manifest: Int) throws(ManifestError) -> UInt8 {
    let start = pair.value.start
    var reader = CBORReader(bytes(pair.value), limits: authority.limits, origin: start)
    switch pair.key {
    case SUITParameterKey.vendorIdentifier where reader.peekType() == .tag:
      guard try readTag(&reader) == SUITParameterKey.enterpriseNumberTag else {
        throw .malformed(ParseError(.invalidValue, at: start))
      }
      _ = try readByteStringRange(&reader)
    case SUITParameterKey.vendorIdentifier, SUITParameterKey.classIdentifier,
      SUITParameterKey.deviceIdentifier:
      _ = try readIdentifier(&reader)
    case SUITParameterKey.imageDigest:
      let contents = SUITRange(try readByteStringRange(&reader), isInMemory: pair.value.isInMemory)
      var inner = CBORReader(bytes(contents), origin: contents.start)
      _ = try readDigest(&inner)
      try requireEnd(inner)
    case SUITParameterKey.imageSize, SUITParameterKey.componentSlot:
      _ = try readUnsigned(&reader)
    case SUITParameterKey.sourceComponent:
      return manifests[manifest].entries[
        Int(try readIndex(&reader, below: manifests[manifest].count))]
    case SUITParameterKey.uri:
      do throws(ParseError) {
        guard try reader.readTextString().count <= authority.limits.stringSize else {
          throw ParseError(.limitExceeded, at: start)
        }
      } catch {
        throw .malformed(error)
      }
    case SUITParameterKey.version:
      let contents = SUITRange(try readByteStringRange(&reader), isInMemory: pair.value.isInMemory)
      _ = try readVersionMatch(contents)
    default:
      _ = try readByteStringRange(&reader)
    }
    return 0
  }

  /// Reads a comparison and the version to compare with.
  ///
  /// - Note: Source: draft-ietf-suit-update-management, section 4.4.
  func readVersionMatch(_ range: SUITRange) throws(ManifestError) -> SUITVersionMatch {
    var reader = CBORReader(bytes(range), limits: authority.limits, origin: range.start)
    guard try readArrayHeader(&reader) == 2 else {
      throw .malformed(ParseError(.invalidValue, at: range.start))
    }
    var match = SUITVersionMatch()
    let comparison = try readUnsigned(&reader)
    guard comparison >= 1, comparison <= 5 else {
      throw .malformed(ParseError(.invalidValue, at: range.start))
    }
    match.comparison = UInt8(comparison)
    match.count = try readArrayHeader(&reader)
    guard match.count > 0, match.count <= SUITVersion.capacity else {
      throw .malformed(ParseError(.limitExceeded, at: range.start))
    }
    for index in 0..<match.count { match.numbers[index] = try readInteger(&reader) }
    // The first number is a major version, never a pre-release.
    guard match.numbers[0] >= 0 else { throw .malformed(ParseError(.invalidValue, at: range.start)) }
    try requireEnd(reader)
    return match
  }

  private func bool(_ value: SUITRange) throws(SUITStop) -> Bool {
    do throws(ManifestError) {
      var reader = CBORReader(bytes(value), origin: value.start)
      return try readBool(&reader)
    } catch {
      throw .refused(error)
    }
  }

  private func openMap(_ argument: SUITRange, _ position: inout Int) throws(ManifestError) -> Int {
    var reader = CBORReader(bytes(argument), limits: authority.limits, origin: argument.start)
    let count = try readMapHeader(&reader)
    guard count > 0 else { throw .malformed(ParseError(.invalidValue, at: argument.start)) }
    position = reader.offset - argument.start
    return count
  }

  private func nextPair(
    _ argument: SUITRange, _ position: inout Int, after previous: inout Int64?
  ) throws(ManifestError) -> SUITPair {
    let bytes = bytes(argument)
    var reader = CBORReader(
      bytes.extracting(position..<bytes.count), limits: authority.limits, origin: argument.start + position)
    let key = try readKey(&reader, after: &previous)
    let start = reader.offset
    do throws(ParseError) { _ = try reader.readItem() } catch { throw .malformed(error) }
    position = reader.offset - argument.start
    return SUITPair(key: key, value: SUITRange(start..<reader.offset, isInMemory: argument.isInMemory))
  }
}

/// A parameter, with the place of its value.
struct SUITPair {
  var key: Int64
  var value: SUITRange
}

/// A version to compare with, and how.
struct SUITVersionMatch {
  /// 1 greater, 2 not lower, 3 equal, 4 not greater, 5 lower.
  var comparison: UInt8 = 0
  var numbers = InlineArray<8, Int64>(repeating: 0)
  var count = 0

  /// Compares number by number, as far as the manifest's version goes.
  func holds(for version: SUITVersion) -> Bool {
    for index in 0..<count where version[index] != numbers[index] {
      let isGreater = version[index] > numbers[index]
      switch comparison {
      case 1, 2: return isGreater
      case 4, 5: return !isGreater
      default: return false
      }
    }
    return comparison >= 2 && comparison <= 4
  }
}
