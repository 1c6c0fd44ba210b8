import OTACore
import OTACrypto

extension SUITProcessor where Platform: ~Copyable, Hash: ~Copyable {
  /// Runs the current section of a manifest, with the shared sequence before it.
  @_lifetime(self: copy self)
  mutating func runSection(of manifest: Int, on platform: inout Platform) throws(SUITStop) {
    let outline = manifests[manifest].outline
    let bit: UInt8 = 1 << section.rawValue
    guard outline.removed & bit == 0 else { throw .refused(.missingMember(section.key)) }
    let sequence = outline.sections[section.index]
    manifests[manifest].processed = 0
    if !sequence.isEmpty {
      if !outline.shared.isEmpty {
        var shared = frame(of: manifest, isCheck: false, isShared: true)
        try run(outline.shared, &shared, on: &platform)
      }
      var frame = frame(of: manifest, isCheck: false, isShared: false)
      try run(sequence, &frame, on: &platform)
    }
    manifests[manifest].completed |= bit
    try checkDependenciesProcessed(by: manifest)
  }

  /// Looks through all sequences of a manifest, those that are gone excepted.
  @_lifetime(self: copy self)
  mutating func checkSequences(of manifest: Int, on platform: inout Platform) throws(SUITStop) {
    let outline = manifests[manifest].outline
    let counted = stepCount
    if !outline.shared.isEmpty {
      var frame = frame(of: manifest, isCheck: true, isShared: true)
      try run(outline.shared, &frame, on: &platform)
    }
    for index in 0..<SUITSection.count where !outline.sections[index].isEmpty {
      var frame = frame(of: manifest, isCheck: true, isShared: false)
      try run(outline.sections[index], &frame, on: &platform)
    }
    stepCount = counted
  }

  private func frame(of manifest: Int, isCheck: Bool, isShared: Bool) -> SUITFrame {
    var frame = SUITFrame(
      manifest: manifest, depth: authority.limits.nestingDepth, isCheck: isCheck, isShared: isShared)
    // Section 6.2: with several components the first command chooses.
    frame.mustSelect = manifests[manifest].count > 1
    return frame
  }

  /// Runs the commands of a sequence, one after the other.
  @_lifetime(self: copy self)
  @inline(never)
  mutating func run(
    _ sequence: SUITRange, _ frame: inout SUITFrame, on platform: inout Platform
  ) throws(SUITStop) {
    guard frame.depth > 0 else { throw .failed(.limitExceeded(.nesting)) }
    var position = 0
    var count = 0
    do throws(ManifestError) {
      count = try openSequence(sequence, &position)
    } catch {
      throw .refused(error)
    }
    while count > 0 {
      let instruction: SUITInstruction
      do throws(ManifestError) {
        instruction = try self.instruction(of: sequence, at: &position)
      } catch {
        throw .refused(error)
      }
      if frame.mustSelect {
        guard instruction.code == SUITCode.setComponentIndex else {
          throw .broken(
            frame.isNested ? .selectionInParallel : .sequenceSelectsNothing, by: instruction.code)
        }
      }
      try perform(instruction, &frame, on: &platform)
      if frame.mustSelect {
        frame.mustSelect = false
        frame.isSelectionFixed = frame.isNested
      }
      count -= 1
    }
    guard position == sequence.count else {
      throw .refused(.malformed(ParseError(.trailingBytes, at: sequence.start + position)))
    }
  }

  /// Counts a command, also those of an argument that is only looked at.
  @_lifetime(self: copy self)
  mutating func countStep() throws(SUITStop) {
    stepCount += 1
    guard stepCount <= SUITProcessor.maximumStepCount else { throw .failed(.limitExceeded(.steps)) }
  }

  private func openSequence(_ sequence: SUITRange, _ position: inout Int) throws(ManifestError) -> Int {
    var reader = CBORReader(bytes(sequence), limits: authority.limits, origin: sequence.start)
    let count = try readArrayHeader(&reader)
    guard count > 0, count % 2 == 0 else {
      throw .malformed(ParseError(.invalidValue, at: sequence.start))
    }
    position = reader.offset - sequence.start
    return count / 2
  }

  @inline(never)
  private func instruction(
    of sequence: SUITRange, at position: inout Int
  ) throws(ManifestError) -> SUITInstruction {
    let bytes = bytes(sequence)
    var reader = CBORReader(
      bytes.extracting(position..<bytes.count), limits: authority.limits, origin: sequence.start + position)
    let code = try readInteger(&reader)
    let type = reader.peekType()
    let start = reader.offset
    do throws(ParseError) { _ = try reader.readItem() } catch { throw .malformed(error) }
    position = reader.offset - sequence.start
    return SUITInstruction(
      code: code, type: type, argument: SUITRange(start..<reader.offset, isInMemory: sequence.isInMemory))
  }
}

/// A command, with the place of its argument.
struct SUITInstruction {
  var code: Int64
  /// The type of the argument.
  var type: CBORReader.MajorType?
  /// The encoded argument.
  var argument: SUITRange
}
