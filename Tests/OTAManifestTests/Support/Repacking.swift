import OTAManifest
import Testing

/// Takes envelopes apart and puts them together again, as somebody on the way can.
enum Repacking {
  /// The authentication blocks of an envelope.
  static func blocks(of envelope: [UInt8]) throws -> [[UInt8]] {
    try SUITEnvelope(parsing: envelope.span).authenticationBlocks.map { Array(envelope[$0]) }
  }

  /// The encoded digest that every signature is over.
  static func signedDigest(of envelope: [UInt8]) throws -> [UInt8] {
    Array(envelope[try SUITEnvelope(parsing: envelope.span).signedDigest])
  }

  /// The same envelope with other blocks.
  static func envelope(_ envelope: [UInt8], blocks: [[UInt8]]) throws -> [UInt8] {
    let parsed = try SUITEnvelope(parsing: envelope.span)
    let wrapper = CBOR.wrapped(
      .array([.bytes(Array(envelope[parsed.signedDigest]))] + blocks.map { .bytes($0) }))
    var members: [(CBOR, CBOR)] = [
      (.int(2), wrapper), (.int(3), .bytes(Array(envelope[parsed.manifest.contents]))),
    ]
    if let text = parsed.text { members.append((.int(23), .bytes(Array(envelope[text.contents])))) }
    return CBOR.tag(107, .map(members)).encoded
  }

  /// A block of COSE_Sign1 from its parts.
  static func block(protected: [UInt8], signature: [UInt8]) throws -> [UInt8] {
    try COSESign1.encoded(protectedHeaders: protected, payload: nil, signature: signature)
  }

  /// The protected headers and the signature of a block of COSE_Sign1.
  static func parts(of block: [UInt8]) throws -> (protected: [UInt8], signature: [UInt8]) {
    let parsed = try COSESign1(parsing: 0..<block.count, of: block.span, tagging: .tagged)
    return (Array(block[parsed.protectedHeaders]), Array(block[parsed.signature]))
  }
}
