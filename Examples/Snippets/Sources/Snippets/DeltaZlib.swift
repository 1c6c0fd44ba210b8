import OTACore
import OTADelta
import OTADeltaZlib

func deltaZlib(payload: PayloadDescription, imageSize: UInt32) throws -> UInt32 {
  // snippet.show
  // The decoder for a payload as its verified manifest describes it: a patch, or the image itself.
  let decoder = try PatchDecoder<ZlibInflater>(
    encoding: payload.encoding, imageSize: imageSize, limits: Limits(decoderMemory: 64 << 10))
  // snippet.hide
  return decoder.outputCount
}
