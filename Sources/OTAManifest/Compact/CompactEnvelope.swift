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

  init(parsing bytes: Span<UInt8>) throws(CompactRefusal) {
    var reader = CompactReader(0..<bytes.count, of: bytes)
    guard try reader.argument(.tag) == SUITKey.envelopeTag else {
      throw .malformed
    }
    let count = try reader.count(.map)
    var previous: Int32?
    var wrapper: Range<Int>?
    var manifest: SUITEnvelope.Member?
    for _ in 0..<count {
      let key = Int64(try reader.key(after: &previous))
      let start = reader.position
      let contents = try reader.string()
      let member = SUITEnvelope.Member(item: start..<reader.position, contents: contents)
      switch key {
      case SUITKey.authenticationWrapper: wrapper = contents
      case SUITKey.manifest: manifest = member
      case SUITKey.payloadFetch: payloadFetch = member
      case SUITKey.install: install = member
      case SUITKey.text: text = member
      default: throw .unsupported
      }
    }
    try reader.requireEnd()
    guard let wrapper else { throw .missing }
    guard let manifest else { throw .missing }
    self.manifest = manifest
    var inner = CompactReader(wrapper, of: bytes)
    let items = try inner.count(.array)
    guard items >= 1 else { throw .malformed }
    guard items - 1 <= SUITEnvelope.maximumBlockCount else { throw .limitExceeded }
    blockCount = items - 1
    signedDigest = try inner.string()
    var digestReader = CompactReader(signedDigest, of: bytes)
    manifestDigest = try digestReader.digest()
    try digestReader.requireEnd()
    let start = inner.position
    for _ in 0..<blockCount { _ = try inner.string() }
    blocks = start..<inner.position
    try inner.requireEnd()
  }

  /// Finds the good signatures of trusted keys; there is at least one.
  ///
  /// As ``ManifestVerifier`` does, but each block must be a COSE_Sign1 structure: others refuse the envelope.
  func signers<Verifier: SignatureVerifier>(
    in bytes: Span<UInt8>, keys: ManifestKeySet, verifier: Verifier
  ) throws(CompactRefusal) -> CompactSigners {
    var signers = CompactSigners()
    var isKnown = false
    var reader = CompactReader(blocks, of: bytes)
    for _ in 0..<blockCount {
      let range = try reader.string()
      let block = try CompactSignature(range, of: bytes)
      for index in 0..<keys.count {
        if let name = block.keyIdentifier {
          guard keys.index(named: bytes.extracting(name)) == index else { continue }
          isKnown = true
        }
        guard try isGood(block, by: keys[index], in: bytes, verifier: verifier) else { continue }
        signers.signed |= 1 << UInt8(index)
        if let cosigners = block.cosigners {
          promise(bytes.extracting(cosigners), keys: keys, &signers)
        }
      }
      if block.keyIdentifier == nil { isKnown = true }
    }
    guard signers.signed != 0 else {
      throw CompactRefusal(isKnown || blockCount == 0 ? .authenticationFailed : .unknownKey)
    }
    return signers
  }

  /// - Throws: what is not about the signature: `CryptoError.unavailable`, and headers that are too long.
  private func isGood<Verifier: SignatureVerifier>(
    _ block: CompactSignature, by key: PublicKey, in bytes: Span<UInt8>, verifier: Verifier
  ) throws(CompactRefusal) -> Bool {
    guard block.algorithm == key.algorithm else { return false }
    let signed = try CompactSignedBytes(
      protectedHeaders: bytes.extracting(block.protectedHeaders), externalData: Span(),
      payload: bytes.extracting(signedDigest))
    do throws(CryptoError) {
      try verifier.verify(signature: bytes.extracting(block.signature), of: signed.span, by: key)
      return true
    } catch {
      guard error != .unavailable else { throw CompactRefusal(error.code) }
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
  /// - Throws: ``CompactRefusal`` if it has more than 768 bytes.
  init(
    protectedHeaders: Span<UInt8>, externalData: Span<UInt8>, payload: Span<UInt8>
  ) throws(CompactRefusal) {
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
      throw .limitExceeded
    }
  }

  var span: Span<UInt8> {
    @_lifetime(borrow self)
    borrowing get { storage.span.extracting(0..<count) }
  }
}
