import OTACore
import OTADelta
import OTAPartition

/// One of the two patches in the store, checked against both images and the slot.
struct StoredPatch: Equatable {
  /// Where it is, from the start of the device.
  var range: Range<UInt32>
  var plan: InPlacePlan
}

extension InPlaceStorage where Device: ~Copyable, Hash: ~Copyable {
  /// Reads what a patch says and checks it.
  ///
  /// - Throws: ``InPlaceError/patch(_:)``, ``InPlaceError/notAligned``, ``InPlaceError/slotTooSmall``,
  ///   ``InPlaceError/payloadSizeMismatch``, ``InPlaceError/storage(_:)``.
  mutating func patch<Codec: SegmentCodec & ~Copyable>(
    _ direction: Direction, of update: InPlaceUpdate, _ codec: Codec.Type
  ) throws(InPlaceError) -> StoredPatch {
    // The size is that of a payload that was found in the store: it is not larger than that.
    let start = layout.store.lowerBound
    let end = start + min(update.payloadSize, layout.storeSize)
    let forward = try parameters(of: start..<end, Codec.self)
    guard forward.patchSize > 0, forward.patchSize < end - start else { throw .payloadSizeMismatch }
    let border = start + forward.patchSize
    switch direction {
    case .forward:
      return StoredPatch(range: start..<border, plan: try plan(forward, direction, update))
    case .back:
      let back = try parameters(of: border..<end, Codec.self)
      guard back.patchSize == end - border else { throw .payloadSizeMismatch }
      return StoredPatch(range: border..<end, plan: try plan(back, direction, update))
    }
  }

  private func plan(
    _ parameters: InPlaceParameters, _ direction: Direction, _ update: InPlaceUpdate
  ) throws(InPlaceError) -> InPlacePlan {
    try InPlacePlan(
      checking: parameters, from: update.source(direction).image.size,
      to: update.target(direction).image.size,
      in: layout)
  }

  private mutating func parameters<Codec: SegmentCodec & ~Copyable>(
    of range: Range<UInt32>, _ codec: Codec.Type
  ) throws(InPlaceError) -> InPlaceParameters {
    var buffer = InlineArray<128, UInt8>(repeating: 0)
    let count = try readHead(of: range, size: Codec.headerSize, into: &buffer)
    do throws(DeltaError) {
      return try Codec.parameters(of: buffer.span.extracting(0..<count))
    } catch {
      throw .patch(error)
    }
  }

  /// Makes a codec ready for a patch, and the device for its steps.
  mutating func open<Codec: SegmentCodec & ~Copyable>(
    _ patch: StoredPatch, with codec: inout Codec
  ) throws(InPlaceError) {
    var buffer = InlineArray<128, UInt8>(repeating: 0)
    let count = try readHead(of: patch.range, size: Codec.headerSize, into: &buffer)
    do throws(DeltaError) {
      try codec.begin(buffer.span.extracting(0..<count))
    } catch {
      throw .patch(error)
    }
    access.patch = patch.range
  }

  /// - Returns: how many bytes were read.
  private mutating func readHead(
    of range: Range<UInt32>, size: Int, into buffer: inout InlineArray<128, UInt8>
  ) throws(InPlaceError) -> Int {
    precondition(
      (0...InPlaceStorage.maximumHeaderSize).contains(size), "a codec with a header of up to 128 bytes")
    let count = min(size, Int(min(range.upperBound - range.lowerBound, 128)))
    do throws(FlashError) {
      var whole = buffer.mutableSpan
      var head = whole.prefix(count)
      try access.flash.readUnaligned(into: &head, at: range.lowerBound)
    } catch {
      throw .storage(.flash(error))
    }
    return count
  }

  // MARK: Steps

  /// Makes the whole new image into the hash function, from the old one that is still where it was; no byte of flash
  /// changes.
  ///
  /// - Throws: ``InPlaceError/targetMismatch`` if it is another image than it should be; ``InPlaceError/patch(_:)``,
  ///   ``InPlaceError/sourceOverwritten``, ``InPlaceError/storage(_:)``.
  mutating func rehearse<Codec: SegmentCodec & ~Copyable>(
    _ patch: StoredPatch, to target: ImageDescription, with codec: inout Codec
  ) throws(InPlaceError) {
    try open(patch, with: &codec)
    access.beginRehearsal()
    var failure: InPlaceError?
    for segment in 0..<patch.plan.segmentCount {
      do throws(InPlaceError) {
        try decode(patch.plan.segment(segment), of: patch.plan, movedBy: 0, with: &codec)
      } catch {
        failure = error
        break
      }
    }
    let digest = access.endRehearsal()
    if let failure { throw failure }
    guard digest == target.digest else { throw .targetMismatch }
  }

  /// Does one step; nothing of what it reads is lost if the power goes.
  ///
  /// - Throws: ``InPlaceError/patch(_:)``, ``InPlaceError/sourceOverwritten``, ``InPlaceError/storage(_:)``. The step can be
  ///   done again after each.
  mutating func perform<Codec: SegmentCodec & ~Copyable>(
    _ number: UInt32, of plan: InPlacePlan, with codec: inout Codec
  ) throws(InPlaceError) {
    let step = plan.step(number)
    let slot = layout.slot.lowerBound
    switch step {
    case .move(let bytes):
      let destination = slot + bytes.lowerBound + plan.parameters.shift
      try erase(blocks(destination..<destination + (bytes.upperBound - bytes.lowerBound)))
      do throws(FlashError) {
        try access.copy(slot + bytes.lowerBound..<slot + bytes.upperBound, to: destination)
      } catch {
        throw .storage(.flash(error))
      }
    case .segment(_, let bytes, _):
      let destination = slot + bytes.lowerBound..<slot + bytes.upperBound
      try erase(blocks(destination))
      access.expect(destination)
      try decode(step, of: plan, movedBy: plan.parameters.shift, with: &codec)
      try access.endSegment()
    }
  }

  /// Decodes a segment to wherever the device lets it go.
  private mutating func decode<Codec: SegmentCodec & ~Copyable>(
    _ step: InPlaceStep, of plan: InPlacePlan, movedBy shift: UInt32, with codec: inout Codec
  ) throws(InPlaceError) {
    guard case .segment(let number, _, let floor) = step else { return }
    access.sourceStart = layout.slot.lowerBound + shift
    let size = plan.parameters.sourceSize
    access.readable = min(floor, size)..<size
    do throws(PatchError<InPlaceError, InPlaceError>) {
      try codec.decode(segment: number, media: &access)
    } catch {
      throw error.flat
    }
  }

  /// The blocks of the slot that hold these bytes, from the border of the first one on.
  private func blocks(_ bytes: Range<UInt32>) -> Range<UInt32> {
    let count = (bytes.upperBound - bytes.lowerBound).dividedUp(by: layout.blockSize)
    return bytes.lowerBound..<bytes.lowerBound + count * layout.blockSize
  }
}
