import OTACore
import OTACrypto

extension SUITProcessor where Platform: ~Copyable, Hash: ~Copyable {
  /// Runs the sequences of try-each or run-sequence, for one chosen component after the other.
  ///
  /// If one component is chosen, and the sequence that succeeds chooses another, that one stays chosen.
  @_lifetime(self: copy self)
  mutating func runNested(
    _ instruction: SUITInstruction, _ frame: inout SUITFrame, on platform: inout Platform
  ) throws(SUITStop) {
    let isTry = instruction.code == SUITCode.tryEach
    // To look at the commands once is enough.
    let count = frame.isCheck ? 1 : frame.selection.count
    for place in 0..<count {
      try countStep()
      let index = frame.selection.indices[place]
      let selection =
        isTry
        ? try tryEach(instruction, frame, index, on: &platform)
        : try runSequence(instruction, frame, index, on: &platform)
      if frame.selection.isSingle { frame.selection = selection }
    }
  }

  /// - Note: Source: draft-ietf-suit-manifest-37, sections 6.7, 8.4.8.13 and 8.4.10.8.
  @_lifetime(self: copy self)
  private mutating func runSequence(
    _ instruction: SUITInstruction, _ frame: SUITFrame, _ index: UInt8, on platform: inout Platform
  ) throws(SUITStop) -> SUITSelection {
    var inner = frame.nested(for: index, softFailure: false)
    if !frame.isStrict {
      inner.isStrict = true
      inner.mustSelect = frame.selection.isSingle
      inner.isSelectionFixed = frame.isSelectionFixed || !frame.selection.isSingle
    }
    let sequence = try contents(instruction.argument)
    do throws(SUITStop) {
      try run(sequence, &inner, on: &platform)
    } catch {
      guard case .condition = error, inner.softFailure else { throw error }
      return frame.selection
    }
    return inner.selection
  }

  /// - Note: Source: draft-ietf-suit-manifest-37, sections 8.4.8.13 and 8.4.10.2.
  @_lifetime(self: copy self)
  private mutating func tryEach(
    _ instruction: SUITInstruction, _ frame: SUITFrame, _ index: UInt8, on platform: inout Platform
  ) throws(SUITStop) -> SUITSelection {
    var position = 0
    let count = try alternatives(instruction.argument, &position)
    var last = SUITStop.condition(SUITCode.tryEach, missing: nil)
    for number in 0..<count {
      let sequence = try alternative(
        instruction.argument, &position, mayBeNull: number >= 2 && number == count - 1)
      // Only nil is empty, and it always succeeds.
      guard !sequence.isEmpty else { return frame.selection }
      var inner = frame.nested(for: index, softFailure: true)
      do throws(SUITStop) {
        try run(sequence, &inner, on: &platform)
        if !frame.isCheck { return inner.selection }
      } catch {
        guard case .condition = error, inner.softFailure else { throw error }
        last = error
      }
    }
    guard frame.isCheck else { throw last }
    return frame.selection
  }

  /// How many sequences there are to try: two at least.
  private func alternatives(
    _ argument: SUITRange, _ position: inout Int
  ) throws(SUITStop) -> Int {
    do throws(ManifestError) {
      var reader = CBORReader(bytes(argument), limits: authority.limits, origin: argument.start)
      let count = try readArrayHeader(&reader)
      guard count >= 2 else { throw .malformed(ParseError(.invalidValue, at: argument.start)) }
      position = reader.offset - argument.start
      return count
    } catch {
      throw .refused(error)
    }
  }

  /// The next sequence to try; none for nil, which only the last may be.
  private func alternative(
    _ argument: SUITRange, _ position: inout Int, mayBeNull: Bool
  ) throws(SUITStop) -> SUITRange {
    do throws(ManifestError) {
      let bytes = bytes(argument)
      var reader = CBORReader(
        bytes.extracting(position..<bytes.count), limits: authority.limits,
        origin: argument.start + position)
      if mayBeNull, reader.isNextNull() { return .none }
      let range = SUITRange(try readByteStringRange(&reader), isInMemory: argument.isInMemory)
      guard !range.isEmpty else { throw .malformed(ParseError(.truncated, at: reader.offset)) }
      position = reader.offset - argument.start
      return range
    } catch {
      throw .refused(error)
    }
  }

  /// What a byte string holds, or a text string.
  @inline(never)
  func contents(_ item: SUITRange, isText: Bool = false) throws(SUITStop) -> SUITRange {
    do throws(ParseError) {
      var reader = CBORReader(bytes(item), origin: item.start)
      let count = isText ? try reader.readTextString().count : try reader.readByteString().count
      return SUITRange(reader.offset - count..<reader.offset, isInMemory: item.isInMemory)
    } catch {
      throw .refused(.malformed(error))
    }
  }
}
