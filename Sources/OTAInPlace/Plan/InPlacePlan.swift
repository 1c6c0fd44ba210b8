import OTADelta

/// The steps that turn one image in the slot into another: a pure function of what a patch says, of the slot, and of its
/// blocks.
///
/// First the image is moved up by `shift` bytes, from its last block to its first, in batches of as many blocks as the
/// shift has: what a batch writes is above everything that it reads, and above all that later batches read. Then the
/// segments are made, each over what no later one reads. So a step that was interrupted is done again, from its start,
/// and gives the same.
///
/// - Note: Source: project decision, Docs/InPlace.md.
struct InPlacePlan: Equatable {
  let parameters: InPlaceParameters
  let blockSize: UInt32

  /// Checks what a patch says.
  ///
  /// - Parameters:
  ///   - parameters: of the patch.
  ///   - sourceSize: what the image has that it is to start from.
  ///   - targetSize: what the image has that it is to make.
  ///   - layout: of the device.
  /// - Throws: ``InPlaceError/patch(_:)`` with `DeltaError.imageSizeMismatch`, ``InPlaceError/notAligned``,
  ///   ``InPlaceError/slotTooSmall``.
  init(
    checking parameters: InPlaceParameters, from sourceSize: UInt32, to targetSize: UInt32,
    in layout: InPlaceLayout
  ) throws(InPlaceError) {
    guard parameters.sourceSize == sourceSize, parameters.targetSize == targetSize, sourceSize > 0,
      targetSize > 0
    else { throw .patch(.imageSizeMismatch) }
    let block = layout.blockSize
    guard parameters.shift > 0, parameters.shift % block == 0, parameters.segmentSize > 0,
      parameters.segmentSize % block == 0, parameters.segmentSize <= parameters.shift
    else { throw .notAligned }
    let slotSize = layout.slotSize
    guard targetSize <= slotSize, parameters.shift <= slotSize, sourceSize <= slotSize - parameters.shift
    else { throw .slotTooSmall }
    self.parameters = parameters
    blockSize = block
  }

  /// How many blocks the image takes that is moved.
  private var blockCount: UInt32 { parameters.sourceSize.dividedUp(by: blockSize) }

  /// How many blocks a batch has, but for the last one.
  private var batchBlocks: UInt32 { parameters.shift / blockSize }

  /// How many steps the move takes.
  var batchCount: UInt32 { blockCount.dividedUp(by: batchBlocks) }

  /// How many segments there are.
  var segmentCount: UInt32 { parameters.targetSize.dividedUp(by: parameters.segmentSize) }

  /// How many steps there are.
  var stepCount: UInt32 { batchCount + segmentCount }

  /// What a step does.
  ///
  /// - Precondition: less than ``stepCount``.
  func step(_ number: UInt32) -> InPlaceStep {
    precondition(number < stepCount, "no such step")
    return number < batchCount ? batch(number) : segment(number - batchCount)
  }

  private func batch(_ number: UInt32) -> InPlaceStep {
    let upper = blockCount - number * batchBlocks
    let lower = upper - min(upper, batchBlocks)
    // Blocks of a slot: nothing here is beyond 32 bits.
    return .move(lower * blockSize..<min(upper * blockSize, parameters.sourceSize))
  }

  func segment(_ number: UInt32) -> InPlaceStep {
    let lower = number * parameters.segmentSize
    // The segment behind the last one may begin beyond 32 bits.
    let next = UInt64(lower) + UInt64(parameters.segmentSize)
    let upper = UInt32(truncatingIfNeeded: min(next, UInt64(parameters.targetSize)))
    let floor = next - min(next, UInt64(parameters.shift))
    return .segment(
      number, bytes: lower..<upper, readableFrom: UInt32(truncatingIfNeeded: min(floor, UInt64(UInt32.max))))
  }
}

/// One step of an ``InPlacePlan``.
enum InPlaceStep: Equatable {
  /// These bytes of the image, from the border of a block on, are copied up by the shift.
  case move(Range<UInt32>)
  /// A segment makes these bytes of the new image, and reads the old one from this offset on.
  case segment(UInt32, bytes: Range<UInt32>, readableFrom: UInt32)
}

extension UInt32 {
  /// The quotient, rounded up.
  func dividedUp(by divisor: UInt32) -> UInt32 { self / divisor + (self % divisor == 0 ? 0 : 1) }
}
