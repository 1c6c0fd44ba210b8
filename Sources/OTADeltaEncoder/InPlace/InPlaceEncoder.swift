import OTACore
import OTADelta

/// Makes patches that are applied where the old image is.
///
/// Deterministic as ``NativeEncoder`` is, and every patch is applied to a slot in memory before it is returned.
public enum InPlaceEncoder {
  /// Makes the patch from one image to another; stops when the current task is cancelled.
  ///
  /// - Parameters:
  ///   - old: the image that is in the slot; may be empty.
  ///   - new: the image that shall be there; may be empty.
  ///   - slot: where they are.
  ///   - options: what the patch may cost; containers are not taken apart.
  /// - Returns: the patch.
  /// - Throws: as ``makePatch(old:new:slot:options:isCancelled:)`` does.
  public static func makePatch(
    old: [UInt8], new: [UInt8], slot: InPlaceSlot, options: NativeEncoder.Options = NativeEncoder.Options()
  ) throws(DeltaEncoderError) -> [UInt8] {
    try makePatch(old: old, new: new, slot: slot, options: options, isCancelled: { Task.isCancelled })
  }

  /// Makes the patch from one image to another.
  ///
  /// - Parameters:
  ///   - old: the image that is in the slot; may be empty.
  ///   - new: the image that shall be there; may be empty.
  ///   - slot: where they are.
  ///   - options: what the patch may cost; containers are not taken apart. An unknown architecture is the caller's mistake
  ///     and traps.
  ///   - isCancelled: asked before each stage and now and then within; `true` stops.
  /// - Returns: the patch. The one back, with which the old image is made again, is made by the same call with the images
  ///   in each other's place.
  /// - Throws: ``DeltaEncoderError/slotTooSmall`` if an image does not fit, or the old one leaves no erase block free;
  ///   else as ``NativeEncoder/makePatch(old:new:options:isCancelled:report:)``.
  public static func makePatch(
    old: [UInt8], new: [UInt8], slot: InPlaceSlot, options: NativeEncoder.Options, isCancelled: () -> Bool
  ) throws(DeltaEncoderError) -> [UInt8] {
    let divisions = slot.divisions(
      oldSize: min(old.count, Int(slot.size)), newSize: min(new.count, Int(slot.size)))
    guard old.count <= slot.size, new.count <= slot.size, !divisions.isEmpty else { throw .slotTooSmall }
    let planner = NativePlanner(old: old, new: new)
    let plan = try planner.plan(
      architecture: NativeEncoder.architecture(options.architecture), isCancelled: isCancelled)
    let candidates = NativeCandidate.all(
      plan, oldSize: old.count, newSize: new.count, memory: options.memory, isResident: false)
    let digests = NativeDigests(old: old, new: new)
    var best: [UInt8]?
    var bestDivision = divisions[0]
    for division in divisions {
      guard let candidate = candidates.first else { throw .memoryTooSmall }
      let patch = try encode(candidate, old: old, new: new, digests: digests, division: division, isCancelled)
      if best.map({ patch.count < $0.count }) ?? true {
        best = patch
        bestDivision = division
      }
    }
    for candidate in candidates.dropFirst() {
      let patch = try encode(
        candidate, old: old, new: new, digests: digests, division: bestDivision, isCancelled)
      if best.map({ patch.count < $0.count }) ?? true { best = patch }
    }
    guard let best else { throw .memoryTooSmall }
    guard !isCancelled() else { throw .cancelled }
    try InPlaceRehearsal.verify(best, old: old, new: new, slot: slot)
    return best
  }

  private static func encode(
    _ candidate: NativeCandidate, old: [UInt8], new: [UInt8], digests: NativeDigests,
    division: (shift: UInt32, segmentSize: UInt32),
    _ isCancelled: () -> Bool
  ) throws(DeltaEncoderError) -> [UInt8] {
    var header = candidate.header(oldSize: old.count, newSize: new.count)
    header.coder = .inPlace
    header.oldDigest = digests.old
    header.newDigest = digests.new
    let layout = InPlaceHeader(native: header, shift: division.shift, segmentSize: division.segmentSize)
    var tables: [UInt8] = []
    var list: [UInt8] = []
    var segments: [UInt8] = []
    for index in 0..<layout.segmentCount {
      let coded: (tables: [UInt8], image: [UInt8])?
      do throws(DeltaError) {
        let segment = layout.body(ofSegment: index)
        coded = try BodyEncoder(header: header, plan: candidate.plan, old: old, segment: segment)
          .encodeSegment(of: new, isCancelled: isCancelled)
      } catch {
        throw .verificationFailed(error)
      }
      guard let coded else { throw .cancelled }
      tables = coded.tables
      NativeHeader.append(UInt32(coded.image.count), to: &list)
      segments += coded.image
    }
    var front: [UInt8] = []
    for number in [division.shift, division.segmentSize, UInt32(tables.count)] {
      NativeHeader.append(number, to: &front)
    }
    let body = front + list + tables + segments
    header.bodySize = UInt32(body.count)
    return header.serialized + body
  }
}
