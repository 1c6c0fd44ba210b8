import OTACore
import OTADelta
import OTADeltaVCDIFF

func deltaVCDIFF(patch: [UInt8], old: [UInt8]) throws -> [UInt8] {
  var source = MemorySource(old)
  var sink = MemorySink()
  // snippet.show
  let imageSize = try VCDIFFFormat.imageSize(of: patch.span)
  var decoder = try VCDIFFDecoder(
    imageSize: imageSize, sourceSize: UInt32(old.count), limits: Limits(decoderMemory: 32 << 20))
  try decoder.push(patch.span, source: &source, sink: &sink)
  try decoder.finish()
  // snippet.hide
  return sink.bytes
}
