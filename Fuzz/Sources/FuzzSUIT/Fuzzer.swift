import OTACore
import OTACrypto
import OTAManifest

/// Any bytes are an envelope or a typed error; an envelope that is read is written the same.
///
/// As the manifest of an envelope whose digest and signature are made right, they are processed, or refused with a typed
/// error.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: start, count: count))
  guard let first = input.first else { return 0 }
  let rest = Array(input[1...])
  if first & 0x80 != 0 {
    read(rest)
    process(rest, .update)
  } else {
    guard let procedure = SUITProcedure(rawValue: first % 5) else { return 0 }
    process(envelope(around: rest), procedure)
  }
  return 0
}

/// Takes any signature for good: what is behind it is looked for.
struct AnySignature: SignatureVerifier {
  func verify(signature: Span<UInt8>, of message: Span<UInt8>, by key: PublicKey) throws(CryptoError) {}
}

private let limits = Limits(envelopeSize: 8192)
private let authority: SUITAuthority<AnySignature, SHA256> = {
  let zeros = [UInt8](repeating: 0, count: 32)
  guard let key = try? PublicKey(algorithm: .ed25519, bytes: zeros) else { fatalError("no key") }
  return SUITAuthority(
    verifier: AnySignature(), hash: SHA256.self, trustStore: TrustStore(key, for: .manifest), limits: limits)
}()

/// The manifest of the dependencies: writes one byte in every section of an update.
let dependency: SUITDocument = {
  var contents = SUITDocument.Contents(sequenceNumber: 1, components: [[[7]]])
  contents.sections[.install] = .inline([
    .override([SUITDocument.Parameter(18, .bytes([1]))]), .directive(.write),
  ])
  return signed(SUITDocument(contents))
}()

private func signed(_ document: SUITDocument) -> SUITDocument {
  var document = document
  // A COSE_Sign1 with EdDSA, no key named, and a signature of zeros.
  document.authenticationBlocks = [
    [0xd2, 0x84, 0x43, 0xa1, 0x01, 0x27, 0xa0, 0xf6, 0x58, 0x40] + [UInt8](repeating: 0, count: 64)
  ]
  return document
}

private func read(_ bytes: [UInt8]) {
  guard let document = try? SUITDocument(decoding: bytes, limits: limits) else { return }
  precondition(document.encoded == bytes, "an envelope that was read is written otherwise")
}

/// An envelope around any manifest.
private func envelope(around manifest: [UInt8]) -> [UInt8] {
  let block = signed(SUITDocument(SUITDocument.Contents(sequenceNumber: 0, components: [])))
    .authenticationBlocks[0]
  // "#d"
  let uri: [UInt8] = [0x23, 0x64]
  let payload = dependency.encoded
  do throws(ParseError) {
    let wrapped = try [UInt8](cborUpTo: manifest.count + 9) { (writer) throws(ParseError) in
      try writer.writeByteString(manifest.span)
    }
    let digest = SHA256.digest(of: wrapped.span)
    let inner = try [UInt8](cborUpTo: 64) { (writer) throws(ParseError) in
      try writer.writeArrayHeader(2)
      try writer.writeInteger(-16)
      try writer.writeByteString(digest.bytes)
    }
    let wrapper = try [UInt8](cborUpTo: 256) { (writer) throws(ParseError) in
      try writer.writeArrayHeader(2)
      try writer.writeByteString(inner.span)
      try writer.writeByteString(block.span)
    }
    return try [UInt8](cborUpTo: manifest.count + 512) { (writer) throws(ParseError) in
      try writer.writeTag(107)
      try writer.writeMapHeader(3)
      try writer.writeInteger(2)
      try writer.writeByteString(wrapper.span)
      try writer.writeInteger(3)
      try writer.writeEncoded(wrapped.span)
      try writer.writeTextString(uri.span)
      try writer.writeByteString(payload.span)
    }
  } catch {
    fatalError("the envelope does not fit: \(error)")
  }
}

private func process(_ envelope: [UInt8], _ procedure: SUITProcedure) {
  do throws(ManifestError) {
    let verified = try authority.authenticate(envelope.span, atLeast: SequenceNumber(0))
    var memory = [UInt8](repeating: 0, count: 4096)
    var processor = SUITProcessor<NullPlatform, AnySignature, SHA256>(
      verified, authority: authority, memory: memory.mutableSpan)
    var platform = NullPlatform()
    do throws(SUITProcessingError) {
      try processor.run(procedure, on: &platform)
      try processor.run(.invocation, on: &platform)
    } catch {
      precondition(ErrorCode.allCases.contains(error.code), "an error without a number")
    }
    precondition(platform.steps <= 2 * 4096, "more commands than there may be")
  } catch {
    precondition(ErrorCode.allCases.contains(error.code), "an error without a number")
  }
}
