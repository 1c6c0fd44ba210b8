import OTACore
public import OTADelta

/// What a container patch says about itself in front of the body of the patch between the contents.
public struct ContainerPatch: Equatable, Sendable {
  /// Sizes and digests of the files.
  public var header: ContainerPatchHeader
  /// How the new file is made from its content.
  public var recipe: ContainerRecipe
  /// The header of the native patch between the contents.
  public var content: NativeHeader

  /// The limits that are part of the format: they say where in a file streams are found.
  public static var limits: ContainerLimits { ContainerLimits() }

  /// Reads the front of a patch.
  ///
  /// - Parameter bytes: a patch, or its start.
  /// - Throws: what ``ContainerPatchDecoder`` throws for it, ``DeltaError/truncated`` if it ends too early. Nothing is
  ///   held against sizes or memory that a caller expects.
  public init(_ bytes: Span<UInt8>) throws(DeltaError) {
    guard let parsed = try ContainerPatchHeader.parse(bytes) else { throw .truncated }
    guard bytes.count - parsed.count >= Int(parsed.header.recipeSize) else { throw .truncated }
    let end = parsed.count + Int(parsed.header.recipeSize)
    let recipe = try ContainerPatch.recipe(bytes.extracting(parsed.count..<end), of: parsed.header)
    guard let content = try NativeHeader.parse(bytes.extracting(end..<bytes.count)) else { throw .truncated }
    try self.init(header: parsed.header, recipe: recipe, content: content.header)
  }

  /// Joins parts that agree.
  ///
  /// - Throws: ``DeltaError/corruptStream`` if sizes contradict each other.
  init(header: ContainerPatchHeader, recipe: ContainerRecipe, content: NativeHeader) throws(DeltaError) {
    guard content.oldSize == header.oldContentSize, content.newSize == recipe.contentSize else {
      throw .corruptStream
    }
    self.header = header
    self.recipe = recipe
    self.content = content
  }

  /// Parses the recipe of a patch.
  ///
  /// - Throws: ``DeltaError/unsupportedCompression`` for an unknown library or another version,
  ///   ``DeltaError/nonCanonicalNumber``, ``DeltaError/memoryExceeded`` over the limits of the format,
  ///   ``DeltaError/corruptStream`` for all else.
  static func recipe(
    _ bytes: Span<UInt8>, of header: ContainerPatchHeader
  ) throws(DeltaError) -> ContainerRecipe {
    let recipe: ContainerRecipe
    do throws(ParseError) {
      recipe = try ContainerRecipe(bytes, limits: limits)
    } catch {
      switch error.kind {
      case .unsupported: throw .unsupportedCompression
      case .notCanonical: throw .nonCanonicalNumber
      case .limitExceeded: throw .memoryExceeded
      case _: throw .corruptStream
      }
    }
    guard recipe.fileSize == header.newSize else { throw .corruptStream }
    return recipe
  }

  /// The most memory that applying the patch takes, in bytes; see Docs/Containers.md.
  public var memoryRequirement: UInt64 {
    let native = NativeDecoder.memoryRequirement(of: content)
    return max(
      ContainerPatch.preparingMemory(header: header, recipe: recipe),
      ContainerPatch.sum(ContainerPatch.rebuildingMemory(header: header, recipe: recipe), native))
  }

  /// What is left for the decoder of the native patch.
  ///
  /// - Parameters:
  ///   - header: of the patch.
  ///   - recipe: of the patch.
  ///   - limit: of all memory, in bytes.
  /// - Returns: in bytes; `nil` if there is not enough for the rest.
  package static func nativeMemory(
    header: ContainerPatchHeader, recipe: ContainerRecipe, limit: UInt64
  ) -> UInt64? {
    let rebuilding = rebuildingMemory(header: header, recipe: recipe)
    guard preparingMemory(header: header, recipe: recipe) <= limit, rebuilding <= limit else { return nil }
    return limit - rebuilding
  }

  /// Before the first write: the old file, its content, and unpacking or a probe.
  private static func preparingMemory(header: ContainerPatchHeader, recipe: ContainerRecipe) -> UInt64 {
    let unpacking = 2 * min(UInt64(header.oldContentSize), UInt64(limits.streamSize)) + unpackingMemory
    let kept =
      UInt64(header.oldSize) + UInt64(header.oldContentSize) + recipeMemory(size: header.recipeSize)
    return sum(kept, max(unpacking, recipe.compressionMemory))
  }

  /// Then: the content of the old file, and one stream.
  private static func rebuildingMemory(header: ContainerPatchHeader, recipe: ContainerRecipe) -> UInt64 {
    sum(
      UInt64(header.oldContentSize) + recipeMemory(size: header.recipeSize), recipe.compressionMemory)
  }

  private static func sum(_ left: UInt64, _ right: UInt64) -> UInt64 {
    let (sum, overflow) = left.addingReportingOverflow(right)
    return overflow ? .max : sum
  }

  /// What the libraries take to decompress a stream, in bytes.
  private static var unpackingMemory: UInt64 { 5 << 20 }

  /// What a recipe takes, in bytes: its own, and as steps.
  static func recipeMemory(size: UInt32) -> UInt64 { 32 * UInt64(size) }
}
