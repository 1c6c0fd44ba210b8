import OTACore
import OTACrypto

/// The outer structure of an envelope by its places, without heap: as ``SUITEnvelope`` of an update of one component.
///
/// - Note: Source: draft-ietf-suit-manifest-37, sections 8.2 and 8.3.
struct CompactEnvelope {
  var manifestDigest: Digest
  /// The encoded digest: the detached payload of every signature.
  var signedDigest: Range<Int>
  /// The authentication blocks, encoded byte strings one behind the other.
  var blocks: Range<Int>
  var blockCount: Int
  var manifest: SUITEnvelope.Member
  var payloadFetch: SUITEnvelope.Member?
  var install: SUITEnvelope.Member?
  var text: SUITEnvelope.Member?

  init(parsing bytes: Span<UInt8>) throws(ManifestError) {
    var reader = compactReader(bytes, at: 0)
    guard try readTag(&reader) == SUITKey.envelopeTag else {
      throw .malformed(ParseError(.invalidValue, at: 0))
    }
    let count = try readMapHeader(&reader)
    var previous: Int64?
    var wrapper: Range<Int>?
    var manifest: SUITEnvelope.Member?
    for _ in 0..<count {
      let key = try readKey(&reader, after: &previous)
      let start = reader.offset
      let contents = try readByteStringRange(&reader)
      let member = SUITEnvelope.Member(item: start..<reader.offset, contents: contents)
      switch key {
      case SUITKey.authenticationWrapper: wrapper = contents
      case SUITKey.manifest: manifest = member
      case SUITKey.payloadFetch: payloadFetch = member
      case SUITKey.install: install = member
      case SUITKey.text: text = member
      default: throw .unsupportedMember(key)
      }
    }
    try requireEnd(reader)
    guard let wrapper else { throw .missingMember(SUITKey.authenticationWrapper) }
    guard let manifest else { throw .missingMember(SUITKey.manifest) }
    self.manifest = manifest
    var inner = compactReader(bytes.extracting(wrapper), at: wrapper.lowerBound)
    let items = try readArrayHeader(&inner)
    guard items >= 1 else { throw .malformed(ParseError(.invalidValue, at: wrapper.lowerBound)) }
    guard items - 1 <= SUITEnvelope.maximumBlockCount else { throw .limitExceeded(.envelope) }
    blockCount = items - 1
    signedDigest = try readByteStringRange(&inner)
    var digestReader = compactReader(bytes.extracting(signedDigest), at: signedDigest.lowerBound)
    manifestDigest = try readDigest(&digestReader)
    try requireEnd(digestReader)
    let start = inner.offset
    for _ in 0..<blockCount { _ = try readByteStringRange(&inner) }
    blocks = start..<inner.offset
    try requireEnd(inner)
  }

  /// Finds the good signatures of trusted keys; there is at least one.
  ///
  /// As ``ManifestVerifier`` does, but each block must be a COSE_Sign1 structure: others refuse the envelope.
  func signers<Verifier: SignatureVerifier>(
    in bytes: Span<UInt8>, keys: ManifestKeySet, verifier: Verifier
  ) throws(ManifestError) -> CompactSigners {
    var signers = CompactSigners()
    var isKnown = false
    var reader = compactReader(bytes.extracting(blocks), at: blocks.lowerBound)
    for _ in 0..<blockCount {
      let range = try readByteStringRange(&reader)
      let block = try COSESign1(parsing: range, of: bytes, tagging: .tagged)
      guard block.payload == nil else {
        throw .malformed(ParseError(.invalidValue, at: signedDigest.lowerBound))
      }
      for index in 0..<keys.count {
        if let name = block.keyIdentifier {
          guard keys.index(named: bytes.extracting(name)) == index else { continue }
          isKnown = true
        }
        guard try isGood(block, by: keys[index], in: bytes, verifier: verifier) else { continue }
        signers.signed |= 1 << UInt8(index)
        if let cosigners = block.signer.cosigners {
          promise(bytes.extracting(cosigners), keys: keys, &signers)
        }
      }
      if block.keyIdentifier == nil { isKnown = true }
    }
    guard signers.signed != 0 else {
      throw .crypto(isKnown || blockCount == 0 ? .authenticationFailed : .unknownKey)
    }
    return signers
  }

  /// - Throws: what is not about the signature: `CryptoError.unavailable`, and headers that are too long.
  private func isGood<Verifier: SignatureVerifier>(
    _ block: COSESign1, by key: PublicKey, in bytes: Span<UInt8>, verifier: Verifier
  ) throws(ManifestError) -> Bool {
    guard block.algorithm == key.algorithm else { return false }
    let signed = try CompactSignedBytes(
      protectedHeaders: bytes.extracting(block.protectedHeaders), externalData: Span(),
      payload: bytes.extracting(signedDigest))
    do throws(CryptoError) {
      try verifier.verify(signature: bytes.extracting(block.signature), of: signed.span, by: key)
      return true
    } catch {
      guard error != .unavailable else { throw .crypto(error) }
      return false
    }
  }

  private func promise(_ names: Span<UInt8>, keys: ManifestKeySet, _ signers: inout CompactSigners) {
    var start = 0
    while names.count - start >= KeyIdentifier.byteCount {
      let name = names.extracting(start..<start + KeyIdentifier.byteCount)
      if let index = keys.index(named: name) { signers.promised |= 1 << UInt8(index) }
      start += KeyIdentifier.byteCount
    }
  }
}

/// The bytes that are really signed, in a buffer of a fixed size.
///
/// - Note: Source: RFC 9052, section 4.4, as ``COSEContext/signature1``.
struct CompactSignedBytes {
  private var storage = InlineArray<768, UInt8>(repeating: 0)
  private var count = 0

  /// Encodes the array.
  ///
  /// - Throws: ``ManifestError/limitExceeded(_:)`` if it has more than 768 bytes.
  init(
    protectedHeaders: Span<UInt8>, externalData: Span<UInt8>, payload: Span<UInt8>
  ) throws(ManifestError) {
    // "Signature1"
    let context: InlineArray<10, UInt8> = [0x53, 0x69, 0x67, 0x6e, 0x61, 0x74, 0x75, 0x72, 0x65, 0x31]
    let isEmptyMap = protectedHeaders.count == 1 && protectedHeaders[0] == 0xa0
    do throws(ParseError) {
      var writer = CBORWriter(storage.mutableSpan)
      try writer.writeArrayHeader(4)
      try writer.writeTextString(context.span)
      try writer.writeByteString(isEmptyMap ? protectedHeaders.extracting(0..<0) : protectedHeaders)
      try writer.writeByteString(externalData)
      try writer.writeByteString(payload)
      count = writer.count
    } catch {
      throw .limitExceeded(.envelope)
    }
  }

  var span: Span<UInt8> {
    @_lifetime(borrow self)
    borrowing get { storage.span.extracting(0..<count) }
  }
}
