import OTACore
import OTADelta
import OTADeltaContainers

/// The first byte chooses: a recipe, a file to take apart, or a patch; its upper bits are the size of the pieces.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: start, count: count))
  guard let first = input.first else { return 0 }
  let rest = Array(input.dropFirst())
  switch first & 3 {
  case 0: checkRecipe(rest)
  case 1: checkLayout(rest)
  case _: checkPatch(rest, pieceSize: Int(first >> 2) + 1)
  }
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
    let start = segment.contentRange.lowerBound
    if segment.format == nil {
      precondition(start == contentPosition, "a gap in the content")
    } else {
      precondition(start % 16 == 0 && start - contentPosition < 16 && start >= contentPosition, "not aligned")
    }
    position = segment.range.upperBound
    contentPosition = segment.contentRange.upperBound
  }
  precondition(position == file.count && contentPosition == layout.content.count, "something is missing")
}

/// Any patch gives a typed error or a file of the promised size, the same in pieces as at once.
private func checkPatch(_ patch: [UInt8], pieceSize: Int) {
  guard let parsed = try? ContainerPatchHeader.parse(patch.span) else { return }
  let size = min(parsed.header.newSize, 1 << 16)
  let whole = apply(patch, size: size, pieceSize: max(patch.count, 1))
  let pieces = apply(patch, size: size, pieceSize: pieceSize)
  precondition(whole.output == pieces.output && whole.error == pieces.error, "pieces make a difference")
  precondition(whole.error != nil || whole.output.count == Int(size), "another size than promised")
}

private func apply(_ patch: [UInt8], size: UInt32, pieceSize: Int) -> (output: [UInt8], error: DeltaError?) {
  var source = MemorySource(oldFile)
  var sink = MemorySink()
  do throws(DeltaError) {
    let limits = Limits(decoderMemory: 16 << 20)
    var decoder = try ContainerPatchDecoder(
      imageSize: size, sourceSize: UInt32(oldFile.count), limits: limits)
    var position = 0
    while position < patch.count {
      let end = min(patch.count, position + pieceSize)
      do throws(PatchError<MemorySource.Failure, Never>) {
        try decoder.push(Array(patch[position..<end]).span, source: &source, sink: &sink)
      } catch {
        switch error {
        case .delta(let error): throw error
        case .source: preconditionFailure("a read outside the old file")
        }
      }
      position = end
    }
    try decoder.finish()
    return (sink.bytes, nil)
  } catch {
    return (sink.bytes, error)
  }
}

/// The file that patches start from: a gzip member with a stored block of 600 bytes.
private let oldFile: [UInt8] = {
  let content = (0..<600).map { UInt8(truncatingIfNeeded: $0 * $0 >> 3) }
  var file: [UInt8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1, 0x58, 2, 0xa7, 0xfd] + content
  for word in [checksum(of: content), UInt32(content.count)] {
    for shift in [0, 8, 16, 24] as [UInt32] { file.append(UInt8(truncatingIfNeeded: word >> shift)) }
  }
  return file
}()

/// CRC-32, RFC 1952, section 8.
private func checksum(of bytes: [UInt8]) -> UInt32 {
  var value: UInt32 = 0xffff_ffff
  for byte in bytes {
    value ^= UInt32(byte)
    for _ in 0..<8 { value = value >> 1 ^ (value & 1 == 1 ? 0xedb8_8320 : 0) }
  }
  return ~value
}
