import OTACore
import OTADelta
import OTADeltaVCDIFF

/// What came of a patch.
struct Outcome: Equatable {
  var image: [UInt8] = []
  var error: DeltaError?
}

/// Any bytes are a patch or a typed error, the same one in pieces of any size, within the memory and the size that were
/// allowed; the old image is read only where it is.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  var input = ArraySlice(UnsafeBufferPointer(start: start, count: count))
  guard let kind = input.popFirst(), let piece = input.popFirst() else { return 0 }
  // Lengths that agree with each other are rarely guessed: half of the inputs describe windows instead of being them.
  let patch = kind & 1 == 0 ? [0xd6, 0xc3, 0xc4, 0] + input : windows(&input)
  let limits = Limits(
    imageSize: 1 << 16, payloadSize: 1 << 16, decoderMemory: VCDIFFDecoder.baseMemory + 1 << (kind >> 4))
  var imageSize: UInt32 = 1000
  do throws(DeltaError) { imageSize = try VCDIFFFormat.imageSize(of: patch.span) } catch {}
  guard imageSize <= limits.imageSize else { return 0 }
  let whole = apply(patch, imageSize, limits, piece: patch.count)
  let pieces = apply(patch, imageSize, limits, piece: Int(piece) + 1)
  precondition(whole == pieces, "another outcome in pieces of \(Int(piece) + 1)")
  precondition(whole.image.count <= imageSize, "more bytes than the image has")
  precondition(
    whole.error != nil || whole.image.count == imageSize, "a part of the image that is called complete")
  return 0
}

private func apply(_ patch: [UInt8], _ imageSize: UInt32, _ limits: Limits, piece: Int) -> Outcome {
  let old = (0..<5000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 3) }
  var source = MemorySource(old)
  var sink = MemorySink()
  do throws(DeltaError) {
    var decoder = try VCDIFFDecoder(imageSize: imageSize, sourceSize: UInt32(old.count), limits: limits)
    var position = 0
    while position < patch.count {
      let end = min(patch.count, position + max(1, piece))
      do throws(PatchError<MemorySource.Failure, Never>) {
        try decoder.push(patch.span.extracting(position..<end), source: &source, sink: &sink)
      } catch {
        switch error {
        case .delta(let error): throw error
        case .source: fatalError("read outside the old image")
        }
      }
      position = end
    }
    try decoder.finish()
  } catch {
    return Outcome(image: sink.bytes, error: error)
  }
  return Outcome(image: sink.bytes)
}

/// A patch of windows whose lengths agree; the input says everything else.
private func windows(_ input: inout ArraySlice<UInt8>) -> [UInt8] {
  var patch: [UInt8] = [0xd6, 0xc3, 0xc4, 0, 0]
  while let indicator = input.popFirst() {
    // No checksum: none would be right.
    patch.append(indicator & 3)
    if indicator & 3 != 0 {
      patch += integer(Int(input.popFirst() ?? 0) * 16) + integer(Int(input.popFirst() ?? 0))
    }
    let target = integer(Int(input.popFirst() ?? 0) << Int(indicator >> 6))
    var sections: [[UInt8]] = []
    for _ in 0..<3 {
      let size = min(Int(input.popFirst() ?? 0), input.count)
      sections.append(Array(input.prefix(size)))
      input.removeFirst(size)
    }
    let delta = target + [0] + sections.flatMap { integer($0.count) } + sections.joined()
    patch += integer(delta.count) + delta
  }
  return patch
}

private func integer(_ value: Int) -> [UInt8] {
  var bytes = [UInt8(value & 0x7f)]
  var rest = value >> 7
  while rest > 0 {
    bytes.insert(UInt8(rest & 0x7f) | 0x80, at: 0)
    rest >>= 7
  }
  return bytes
}
