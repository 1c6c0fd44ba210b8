import OTACore
import OTADeltaEncoder

func deltaEncoder(old: [UInt8], new: [UInt8]) throws {
  // snippet.show
  let patch = try BSDiff43Encoder.makePatch(old: old, new: new)
  print("\(patch.count) bytes instead of \(new.count)")
  print("the device needs \(BSDiff43Encoder.decoderMemory) bytes of memory")
  // snippet.hide
}
