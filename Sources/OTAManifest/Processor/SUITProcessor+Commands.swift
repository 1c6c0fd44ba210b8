import OTACore
import OTACrypto

extension SUITProcessor where Platform: ~Copyable, Hash: ~Copyable {
  /// Runs one command for every component that is chosen, or only looks at it.
  @_lifetime(self: copy self)
  mutating func perform(
    _ instruction: SUITInstruction, _ frame: inout SUITFrame, on platform: inout Platform
  ) throws(SUITStop) {
    switch instruction.code {
    case SUITCode.setComponentIndex:
      guard !frame.isSelectionFixed else { throw .broken(.selectionInParallel, by: instruction.code) }
      try countStep()
      frame.selection = try selection(instruction.argument, in: frame.manifest)
    case SUITCode.overrideParameters, SUITCode.setParameters:
      try setParameters(instruction, &frame, on: &platform)
    case SUITCode.tryEach, SUITCode.runSequence:
      try runNested(instruction, &frame, on: &platform)
    case ..<SUITCode.lastRegistered:
      try performCustom(instruction, frame, on: &platform)
    default:
      let policy = try self.policy(instruction)
      let condition = SUITCondition(rawValue: instruction.code)
      let directive = SUITDirective(rawValue: instruction.code)
      guard condition != nil || directive != nil else {
        throw .refused(.unsupportedCommand(instruction.code))
      }
      // Section 8.4.5: the shared sequence holds conditions, and commands that choose and set.
      if directive == .processDependency, frame.isShared {
        throw .broken(.dependencyInShared, by: instruction.code)
      }
      guard condition != nil || !frame.isShared else {
        throw .refused(.unsupportedCommand(instruction.code))
      }
      guard !frame.isCheck else { return try countStep() }
      for place in 0..<frame.selection.count {
        try countStep()
        let index = Int(frame.selection.indices[place])
        do throws(SUITStop) {
          if let condition {
            try evaluate(condition, index, frame.manifest, on: &platform)
          } else if let directive {
            try perform(directive, index, &frame, on: &platform)
          }
        } catch {
          report(instruction.code, policy, index, frame.manifest, isSuccess: false, to: &platform)
          throw error
        }
        report(instruction.code, policy, index, frame.manifest, isSuccess: true, to: &platform)
      }
    }
  }

  /// The reporting policy: four bits (section 8.4.7).
  private func policy(_ instruction: SUITInstruction) throws(SUITStop) -> UInt8 {
    var policy: UInt64 = 0
    do throws(ManifestError) {
      var reader = CBORReader(bytes(instruction.argument), origin: instruction.argument.start)
      policy = try readUnsigned(&reader)
    } catch {
      throw .refused(error)
    }
    guard policy <= 15 else {
      throw .refused(.malformed(ParseError(.invalidValue, at: instruction.argument.start)))
    }
    return UInt8(policy)
  }

  @_lifetime(self: copy self)
  private mutating func report(
    _ code: Int64, _ policy: UInt8, _ index: Int, _ manifest: Int, isSuccess: Bool,
    to platform: inout Platform
  ) {
    // Bits 0 and 2 are for successes, 1 and 3 for failures.
    guard policy & (isSuccess ? 0b0101 : 0b1010) != 0 else { return }
    platform.report(
      SUITRecord(
        command: code, component: components[entry(index, manifest)].handle, policy: policy,
        isSuccess: isSuccess))
  }

  /// Reads which components are chosen; each is one of the manifest, and none stands twice.
  private func selection(
    _ argument: SUITRange, in manifest: Int
  ) throws(SUITStop) -> SUITSelection {
    let count = manifests[manifest].count
    do throws(ManifestError) {
      var reader = CBORReader(bytes(argument), limits: authority.limits, origin: argument.start)
      switch reader.peekType() {
      case .simple:
        guard try readBool(&reader) else {
          throw .malformed(ParseError(.invalidValue, at: argument.start))
        }
        return .all(count)
      case .array:
        let length = try readArrayHeader(&reader)
        guard length > 0 else { throw .malformed(ParseError(.invalidValue, at: argument.start)) }
        guard length <= count else { throw .limitExceeded(.component) }
        var selection = SUITSelection()
        var seen: UInt16 = 0
        for place in 0..<length {
          let index = try readIndex(&reader, below: count)
          guard seen >> UInt16(index) & 1 == 0 else { throw .invalid(.component) }
          seen |= 1 << UInt16(index)
          selection.indices[place] = index
        }
        (selection.count, selection.isSingle) = (length, false)
        return selection
      default:
        return .single(try readIndex(&reader, below: count))
      }
    } catch {
      throw .refused(error)
    }
  }

  /// Runs a command of the platform.
  @_lifetime(self: copy self)
  private mutating func performCustom(
    _ instruction: SUITInstruction, _ frame: SUITFrame, on platform: inout Platform
  ) throws(SUITStop) {
    let code = instruction.code
    // Section 8.4.8.14: the shared sequence is read by devices of other makers.
    guard !frame.isShared, platform.supports(command: code) else { throw .refused(.unsupportedCommand(code)) }
    switch instruction.type {
    case .array, .map, .tag:
      throw .refused(.malformed(ParseError(.invalidValue, at: instruction.argument.start)))
    default: break
    }
    guard !frame.isCheck else { return try countStep() }
    for place in 0..<frame.selection.count {
      try countStep()
      let index = Int(frame.selection.indices[place])
      try permit(code, index, frame.manifest, on: &platform)
      let target = try target(index, frame.manifest)
      var holds = false
      do throws(SUITPlatformFailure) {
        holds = try platform.perform(command: code, argument: bytes(instruction.argument), on: target)
      } catch {
        throw .failed(.platform(command: code, error))
      }
      guard holds else { throw .condition(code, missing: nil) }
    }
  }

  /// Asks whether one of those who signed the manifest may do this.
  @_lifetime(self: copy self)
  mutating func permit(
    _ code: Int64, _ index: Int, _ manifest: Int, on platform: inout Platform
  ) throws(SUITStop) {
    try permit(code, components[entry(index, manifest)].handle, manifest, on: &platform)
  }

  @_lifetime(self: copy self)
  mutating func permit(
    _ code: Int64, _ component: SUITComponentHandle, _ manifest: Int, on platform: inout Platform
  ) throws(SUITStop) {
    for signer in manifests[manifest].signers where platform.permits(code, on: component, by: signer) {
      return
    }
    throw .broken(.notPermitted, by: code)
  }

  /// The place of a manifest's component in the table of all.
  func entry(_ index: Int, _ manifest: Int) -> Int { Int(manifests[manifest].entries[index]) }
}

/// Consumes an index of a list with `count` members.
func readIndex(_ reader: inout CBORReader, below count: Int) throws(ManifestError) -> UInt8 {
  let number = try readUnsigned(&reader)
  guard number < UInt64(count), let index = UInt8(exactly: number) else { throw .unknownComponent }
  return index
}
