import OTACore
import OTADelta

func delta<Inflater: Decompressor & ~Copyable>(
  with inflater: Inflater.Type, old: [UInt8], imageSize: UInt32, pieces: [[UInt8]]
) throws -> [UInt8] {
  // snippet.show
  var decoder = try BSDiff43Decoder<Inflater>(
    imageSize: imageSize, sourceSize: UInt32(old.count), limits: Limits())
  var source = MemorySource(old)
  var sink = MemorySink()
  // Pieces as they arrive, of any size.
  for piece in pieces { try decoder.push(piece.span, source: &source, sink: &sink) }
  try decoder.finish()
  // snippet.hide
  return sink.bytes
}
