import OTACore
import OTADelta
import OTADeltaContainers

/// The first byte chooses: a recipe, or a file to take apart.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: start, count: count))
  guard let first = input.first else { return 0 }
  let rest = Array(input.dropFirst())
  if first & 1 == 0 { checkRecipe(rest) } else { checkLayout(rest) }
  return 0
}

/// Any bytes are a recipe or a typed error; a recipe is written the same, and never makes more than it promises.
private func checkRecipe(_ bytes: [UInt8]) {
  // Little content: zopfli takes its time.
  let limits = ContainerLimits(contentSize: 1 << 12, streamSize: 1 << 10, compressorMemory: 64 << 20)
  do throws(ParseError) {
    let recipe = try ContainerRecipe(bytes.span, limits: limits)
    precondition(recipe.serialized() == bytes, "a recipe that was read is written otherwise")
    rebuild(recipe)
  } catch {
    return
  }
}

private func rebuild(_ recipe: ContainerRecipe) {
  let content = (0..<Int(recipe.contentSize)).map { UInt8(truncatingIfNeeded: $0 * $0 / 7) }
  do throws(DeltaError) {
    let file = try recipe.rebuild(content.span)
    precondition(file.count == Int(recipe.fileSize), "another size than promised")
  } catch {
    return
  }
}

/// Any file has a layout within the limits that is all of the file.
private func checkLayout(_ file: [UInt8]) {
  let limits = ContainerLimits(contentSize: 1 << 16, streamSize: 1 << 14)
  let layout = ContainerLayout(of: file, limits: limits)
  precondition(layout.content.count <= max(1 << 16, file.count), "a bomb went off")
  var position = 0
  var contentPosition = 0
  for segment in layout.segments {
    precondition(segment.range.lowerBound == position && !segment.range.isEmpty, "a gap in the file")
    precondition(segment.contentRange.lowerBound == contentPosition, "a gap in the content")
    position = segment.range.upperBound
    contentPosition = segment.contentRange.upperBound
  }
  precondition(position == file.count && contentPosition == layout.content.count, "something is missing")
}
