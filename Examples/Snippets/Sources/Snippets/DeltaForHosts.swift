import OTACore
import OTADelta
import OTADeltaBZip2

func deltaForHosts(patch: [UInt8], old: [UInt8], imageSize: UInt32) throws -> [UInt8] {
  // snippet.show
  let header = try BSDiff40Header(patch.span)
  let needed = BSDiff40Decoder<BZip2Inflater>.memoryRequirement(of: header)
  print("needs \(needed) bytes for an image of \(header.imageSize)")
  var decoder = try BSDiff40Decoder<BZip2Inflater>(
    imageSize: imageSize, sourceSize: UInt32(old.count), limits: Limits(decoderMemory: 16 << 20))
  // snippet.hide
  var source = MemorySource(old)
  var sink = MemorySink()
  try decoder.push(patch.span, source: &source, sink: &sink)
  try decoder.finish()
  return sink.bytes
}
