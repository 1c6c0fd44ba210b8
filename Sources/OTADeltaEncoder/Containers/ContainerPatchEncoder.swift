import OTACore
import OTADelta
import OTADeltaContainers

/// Makes container patches: native patches between the contents of two files, with the recipe of the new one.
enum ContainerPatchEncoder {
  /// The contents that a native patch is made between.
  struct Contents {
    var old: [UInt8]
    var new: [UInt8]
    /// Where in them streams begin: there may be an image.
    var oldStarts: [Int]
    var newStarts: [Int]
  }

  /// Makes a patch and applies it once.
  ///
  /// - Parameters:
  ///   - old: the old file.
  ///   - new: the new file.
  ///   - memory: what the decoder may take, in bytes; nil for as much as it takes.
  ///   - isCancelled: asked before each stream and each stage; `true` stops.
  ///   - native: makes the patch between contents, for a decoder with so much memory; nil if none is so small.
  /// - Returns: the patch, and how many bytes of the new file are streams that the old one does not have as they are; nil
  ///   if there are no streams in both files, or memory is too small.
  /// - Throws: as ``ContainerEncoder/unpack(_:old:limits:isCancelled:)`` and `native` do.
  static func makePatch(
    old: [UInt8], new: [UInt8], memory: UInt32?, isCancelled: () -> Bool,
    native: (Contents, UInt32?) throws(DeltaEncoderError) -> [UInt8]?
  ) throws(DeltaEncoderError) -> (patch: [UInt8], foreignCount: Int)? {
    // Not even the old file fits: no look at any stream is worth its time.
    let memoryLimit = memory.map(UInt64.init) ?? .max
    guard old.count <= memoryLimit, old.count <= Int(ContainerPatch.limits.contentSize) else { return nil }
    let layout = ContainerLayout(of: old, limits: ContainerPatch.limits)
    guard layout.hasStreams, layout.content.count <= memoryLimit,
      let unpacked = try ContainerEncoder.takeApart(
        new, old: old, limits: ContainerPatch.limits, isCancelled: isCancelled)
    else { return nil }
    let recipe = unpacked.recipe.serialized()
    let header = ContainerPatchHeader(
      oldSize: UInt32(old.count), newSize: UInt32(new.count), oldContentSize: UInt32(layout.content.count),
      recipeSize: UInt32(recipe.count), oldDigest: ContainerPatchHeader.digest(of: old),
      newDigest: ContainerPatchHeader.digest(of: new))
    guard
      let room = ContainerPatch.nativeMemory(header: header, recipe: unpacked.recipe, limit: memoryLimit)
    else { return nil }
    let contents = Contents(
      old: layout.content, new: unpacked.content,
      oldStarts: layout.segments.filter { $0.format != nil }.map(\.contentRange.lowerBound),
      newStarts: unpacked.recipe.streamStarts)
    guard let inner = try native(contents, memory.map { _ in UInt32(clamping: room) }) else { return nil }
    let patch = header.serialized + recipe + inner
    guard !isCancelled() else { throw .cancelled }
    try verify(patch, with: try verifier(old: old, new: new), old: old, new: new)
    return (patch, foreignCount(new, old: old, layout: layout))
  }

  private static func foreignCount(_ new: [UInt8], old: [UInt8], layout: ContainerLayout) -> Int {
    let known = Set(layout.segments.filter { $0.format != nil }.map { old[$0.range] })
    return ContainerLayout(of: new, limits: ContainerPatch.limits).segments.reduce(0) {
      $1.format == nil || known.contains(new[$1.range]) ? $0 : $0 + $1.range.count
    }
  }

  private static func verifier(old: [UInt8], new: [UInt8]) throws(DeltaEncoderError) -> ContainerPatchDecoder
  {
    let limits = Limits(imageSize: .max, payloadSize: .max, decoderMemory: .max)
    do throws(DeltaError) {
      return try ContainerPatchDecoder(
        imageSize: UInt32(new.count), sourceSize: UInt32(old.count), limits: limits)
    } catch {
      throw .verificationFailed(error)
    }
  }
}
