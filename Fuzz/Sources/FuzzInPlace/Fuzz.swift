import OTACore
import OTADelta

// The first byte chooses the segment; the rest is a patch as it is.

private let old = (0..<3000).map { UInt8(truncatingIfNeeded: ($0 &* $0) >> 5) }
private let memoryLimit: UInt64 = 1 << 20
/// Larger images only take longer.
private let largestSegment: UInt32 = 1 << 13

/// What came of a segment.
private struct Outcome: Equatable {
  var output: [UInt8] = []
  var error: DeltaError?
}

/// The ends of a patch, which hold the decoder to what it promises.
private struct Media: InPlaceMedia {
  let patch: ArraySlice<UInt8>
  let floor: UInt32
  let room: Int
  var output: [UInt8] = []

  func readPatch(into destination: inout MutableSpan<UInt8>, at offset: UInt32) throws(Never) {
    precondition(Int(offset) + destination.count <= patch.count, "a read outside the patch")
    for index in 0..<destination.count {
      destination[index] = patch[patch.startIndex + Int(offset) + index]
    }
  }

  func readSource(into destination: inout MutableSpan<UInt8>, at offset: UInt32) throws(Never) {
    precondition(offset >= floor, "a read of what is gone")
    precondition(Int(offset) + destination.count <= old.count, "a read outside the old image")
    for index in 0..<destination.count { destination[index] = old[Int(offset) + index] }
  }

  mutating func writeImage(_ bytes: Span<UInt8>) throws(Never) {
    precondition(bytes.count <= room - output.count, "more than the segment")
    for index in 0..<bytes.count { output.append(bytes[index]) }
  }
}

/// Any bytes are a whole segment or a typed error, and the same when the segment is made again.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: start, count: count))
  guard let choice = input.first else { return 0 }
  let patch = input.dropFirst()
  let parsed: InPlaceHeader?
  do throws(DeltaError) {
    parsed = try InPlaceHeader.parse(Array(patch.prefix(InPlaceHeader.maximumSize)).span)
  } catch {
    return 0
  }
  guard let header = parsed, Int(header.patchSize) <= patch.count, header.native.oldSize <= old.count,
    header.segmentCount > 0, header.memoryRequirement <= memoryLimit
  else { return 0 }
  let index = UInt32(choice) % header.segmentCount
  guard header.range(ofSegment: index).count <= largestSegment else { return 0 }
  var decoder = InPlaceDecoder(
    header: header, memory: DecoderMemory(allocating: Int(header.memoryRequirement)))
  let first = make(index, of: patch, with: &decoder)
  precondition(
    first.error != nil || first.output.count == header.range(ofSegment: index).count, "less than the segment")
  precondition(make(index, of: patch, with: &decoder) == first, "made again, it is another one")
  return 0
}

private func make(
  _ index: UInt32, of patch: ArraySlice<UInt8>, with decoder: inout InPlaceDecoder
) -> Outcome {
  let header = decoder.header
  var media = Media(
    patch: patch, floor: header.floor(ofSegment: index), room: header.range(ofSegment: index).count)
  do throws(PatchError<Never, Never>) {
    try decoder.decode(segment: index, media: &media)
  } catch {
    switch error {
    case .delta(let error): return Outcome(output: media.output, error: error)
    }
  }
  return Outcome(output: media.output, error: nil)
}
