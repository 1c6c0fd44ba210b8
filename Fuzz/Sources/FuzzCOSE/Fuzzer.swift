import OTACore
import OTACrypto
import OTAManifest

/// A backend to whom nothing is good, so that all bytes are signed for nothing.
private struct Nobody: SignatureVerifier {
  func verify(signature: Span<UInt8>, of message: Span<UInt8>, by key: PublicKey) throws(CryptoError) {
    precondition(!message.isEmpty, "something is signed")
    throw .authenticationFailed
  }
}

/// Any bytes are a structure or a typed error; whatever the strict profile reads, the other one reads the same; what has no
/// unprotected headers is written as it was read.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: start, count: count))
  let document = parse(input, .documents)
  if let block = document { check(block, in: input) }
  guard let block = parse(input, .manifests) else { return 0 }
  precondition(document == block, "the profiles do not agree")
  do throws(ManifestError) {
    guard case .sign1(let one) = block, input[one.protectedHeaders.upperBound] == 0xa0 else { return 0 }
    let again = try COSESign1.encoded(
      protectedHeaders: Array(input[one.protectedHeaders]), payload: one.payload.map { Array(input[$0]) },
      signature: Array(input[one.signature]))
    precondition(again == input, "a structure that was read is written otherwise")
  } catch {
    fatalError("a structure that was read cannot be written: \(error)")
  }
  return 0
}

private func parse(_ input: [UInt8], _ profile: COSEProfile) -> COSEBlock? {
  try? COSEBlock(parsing: 0..<input.count, of: input.span, profile: profile)
}

/// Everything is inside of the document, and nothing is good.
private func check(_ block: COSEBlock, in input: [UInt8]) {
  let none: [UInt8] = []
  let payload = block.payload.map { Array(input[$0]) } ?? []
  for signature in block.signatures {
    for range in [signature.keyIdentifier, signature.cosigners, signature.bodyHeaders] {
      if let range { precondition(input.indices.contains(range), "outside of the document") }
    }
    guard let algorithm = signature.algorithm,
      let key = try? PublicKey(
        algorithm: algorithm, bytes: [UInt8](repeating: 1, count: algorithm.publicKeySizes.lowerBound))
    else { continue }
    var refusal: ManifestError?
    do throws(ManifestError) {
      try signature.verify(
        payload: payload.span, externalData: none.span, in: input.span, by: key, using: Nobody())
    } catch {
      refusal = error
    }
    precondition(refusal == .crypto(.authenticationFailed), "not refused, or otherwise: \(refusal as Any)")
  }
  if case .mac0(let mac) = block {
    let key = [UInt8](repeating: 7, count: 32)
    precondition(
      (try? mac.verify(
        payload: payload.span, externalData: none.span, in: input.span, key: key.span, using: SHA256.self))
        == nil, "a tag under a key that nobody used")
  }
}

extension Range<Int> {
  fileprivate func contains(_ other: Range<Int>) -> Bool {
    lowerBound <= other.lowerBound && other.upperBound <= upperBound
  }
}
