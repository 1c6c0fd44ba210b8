import OTACore
import OTADelta

/// One way to code a plan: which covers to keep, and how large a model.
struct NativeCandidate: Sendable {
  let plan: NativePlan
  let slotBits: UInt8
  let matchBits: UInt8

  /// Covers shorter than this are worth less than what it costs to say where they are; one of these is best.
  private static var minimumLengths: [UInt32] { [1, 12, 24] }
  /// Above this size only one of them is tried.
  private static var trialSize: Int { 1 << 20 }
  /// The largest model: larger ones gain nothing that can be measured.
  private static var largestSlotBits: UInt8 { 22 }
  /// The largest model of a new image that is mostly made of the old one: decoders of hosts accept what it takes.
  private static var largestCoveredSlotBits: UInt8 { 20 }
  /// The smallest model: smaller ones know nothing.
  private static var smallestSlotBits: UInt8 { 9 }

  /// What a decoder takes whose model is the smallest, without any cover.
  static var minimumMemory: UInt32 {
    let candidate = NativeCandidate(
      plan: NativePlan(architecture: .none), slotBits: smallestSlotBits, matchBits: 0)
    return UInt32(NativeDecoder.memoryRequirement(of: candidate.header(oldSize: 0, newSize: 0)))
  }

  /// The candidates that fit into some memory.
  ///
  /// - Parameters:
  ///   - plan: what to code.
  ///   - oldSize: of the old image, in bytes.
  ///   - newSize: of the new image, in bytes.
  ///   - memory: in bytes; nil for as much as it takes.
  ///   - isResident: whether the decoder may hold both images in memory.
  /// - Returns: at least one, unless no decoder is so small.
  static func all(
    _ plan: NativePlan, oldSize: Int, newSize: Int, memory: UInt32?, isResident: Bool = true
  ) -> [NativeCandidate] {
    let lengths = newSize <= trialSize ? minimumLengths : [12]
    var result: [NativeCandidate] = []
    for length in lengths {
      var trial = plan
      trial.covers = plan.covers.filter { $0.length >= length }
      if let candidate = largest(
        trial, oldSize: oldSize, newSize: newSize, memory: memory, isResident: isResident)
      {
        result.append(candidate)
      }
    }
    // So little memory that covers must go, the shortest first.
    var length: UInt32 = 32
    while result.isEmpty, length < 1 << 31 {
      var trial = plan
      trial.covers = plan.covers.filter { $0.length >= length }
      if let candidate = largest(
        trial, oldSize: oldSize, newSize: newSize, memory: memory, isResident: isResident)
      {
        result.append(candidate)
      }
      length *= 2
    }
    return result
  }

  /// The one with the largest model that fits.
  private static func largest(
    _ plan: NativePlan, oldSize: Int, newSize: Int, memory: UInt32?, isResident: Bool
  ) -> NativeCandidate? {
    // What is not covered fills hundreds of slots a byte, the rest about one. Smaller tables are faster: most of the
    // time goes into memory that is not in a cache. Where little is not covered, matches save less than a hundredth of
    // the patch, and to index both images for them is half of the decoder's time.
    let covered = plan.coveredCount
    let isMostlyCovered = newSize - covered < newSize / 64
    let largestMatchBits = min(22, max(10, bits((oldSize + newSize) / 2)))
    var slotBits = min(
      isMostlyCovered ? largestCoveredSlotBits : largestSlotBits,
      max(10, bits((newSize - covered) * 128 + newSize)))
    while slotBits >= smallestSlotBits {
      for matchBits in [min(largestMatchBits, max(10, slotBits)), 0]
      where matchBits == 0 || (isResident && !isMostlyCovered && slotBits >= 14) {
        let candidate = NativeCandidate(plan: plan, slotBits: slotBits, matchBits: matchBits)
        let needed = NativeDecoder.memoryRequirement(of: candidate.header(oldSize: oldSize, newSize: newSize))
        if needed <= memory.map(UInt64.init) ?? UInt64(UInt32.max) { return candidate }
      }
      slotBits -= 1
    }
    return nil
  }

  /// The smallest power of two that is not below a count, as its exponent.
  private static func bits(_ count: Int) -> UInt8 {
    UInt8(Int.bitWidth - max(0, count - 1).leadingZeroBitCount)
  }

  func header(oldSize: Int, newSize: Int) -> NativeHeader {
    NativeHeader(
      coder: .adaptive, architecture: plan.architecture, slotBits: slotBits, matchBits: matchBits,
      oldSize: UInt32(oldSize), newSize: UInt32(newSize), bodySize: 0, coverCount: UInt32(plan.covers.count),
      regionCount: UInt32(plan.regions.count), oldDigest: InlineArray(repeating: 0),
      newDigest: InlineArray(repeating: 0))
  }

  /// Codes the patch.
  ///
  /// - Parameters:
  ///   - old: the old image.
  ///   - new: the new image.
  ///   - digests: of both.
  ///   - isCancelled: asked now and then; `true` stops.
  /// - Returns: the patch.
  /// - Throws: ``DeltaEncoderError/cancelled``; ``DeltaEncoderError/verificationFailed(_:)`` if the plan is wrong.
  func encode(
    old: [UInt8], new: [UInt8], digests: NativeDigests, isCancelled: () -> Bool
  ) throws(DeltaEncoderError) -> [UInt8] {
    var header = header(oldSize: old.count, newSize: new.count)
    let body: [UInt8]?
    do throws(DeltaError) {
      body = try BodyEncoder(header: header, plan: plan, old: old).encode(new, isCancelled: isCancelled)
    } catch {
      throw .verificationFailed(error)
    }
    guard let body else { throw .cancelled }
    header.bodySize = UInt32(body.count)
    header.oldDigest = digests.old
    header.newDigest = digests.new
    return header.serialized + body
  }

  /// The patch that holds the new image as it is, for images that nothing compresses.
  static func stored(old: [UInt8], new: [UInt8], digests: NativeDigests) -> [UInt8] {
    let header = NativeHeader(
      coder: .stored, architecture: .none, slotBits: 0, matchBits: 0, oldSize: UInt32(old.count),
      newSize: UInt32(new.count), bodySize: UInt32(new.count), coverCount: 0, regionCount: 0,
      oldDigest: digests.old, newDigest: digests.new)
    return header.serialized + new
  }
}
