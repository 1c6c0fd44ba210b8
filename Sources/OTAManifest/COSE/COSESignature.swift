import OTACore
public import OTACrypto

/// One signature of a COSE_Sign1 or COSE_Sign structure, as offsets into the document that holds it.
///
/// - Note: Source: RFC 9052, sections 4.1 and 4.2.
public struct COSESignature: Equatable, Sendable {
  /// The algorithm, by its number in COSE, known or not.
  public var algorithmNumber: Int64
  /// The name of the key, in the document; `nil` if there is none.
  public var keyIdentifier: Range<Int>?
  /// The names of all keys that sign the same, one behind the other, in the document; `nil` if it is not said.
  public var cosigners: Range<Int>?
  /// The protected headers of the structure that holds this signature, in the document; `nil` for COSE_Sign1, which has
  /// only those of its signature.
  public var bodyHeaders: Range<Int>?
  /// The protected headers of the signature as they were signed, in the document.
  public var protectedHeaders: Range<Int>
  /// The signature, in the document.
  public var signature: Range<Int>

  /// The algorithm, if this library knows it.
  ///
  /// Old and new numbers for one algorithm are the same here: see `SignatureAlgorithm.init(coseNumber:)`.
  public var algorithm: SignatureAlgorithm? { SignatureAlgorithm(coseNumber: algorithmNumber) }

  /// Checks the signature and returns only if it is good.
  ///
  /// - Parameters:
  ///   - payload: what was signed.
  ///   - externalData: the external additional authenticated data; it tells kinds of documents apart.
  ///   - document: the bytes that the structure was parsed from.
  ///   - key: who should have signed.
  ///   - verifier: the backend.
  /// - Throws: ``ManifestError/crypto(_:)`` with `CryptoError.unsupportedAlgorithm` if the algorithm is not known or
  ///   not that of the key, `CryptoError.authenticationFailed` if the signature is not good.
  public func verify(
    payload: Span<UInt8>, externalData: Span<UInt8>, in document: Span<UInt8>, by key: PublicKey,
    using verifier: borrowing some SignatureVerifier
  ) throws(ManifestError) {
    guard let algorithm, algorithm == key.algorithm else { throw .crypto(.unsupportedAlgorithm) }
    let signed = try signedBytes(payload: payload, externalData: externalData, in: document)
    do throws(CryptoError) {
      try verifier.verify(signature: document.extracting(signature), of: signed.span, by: key)
    } catch {
      throw .crypto(error)
    }
  }

  private func signedBytes(
    payload: Span<UInt8>, externalData: Span<UInt8>, in document: Span<UInt8>
  ) throws(ManifestError) -> [UInt8] {
    let own = document.extracting(protectedHeaders)
    guard let bodyHeaders else {
      return try COSEContext.signature1.encode(
        body: own, signer: own, externalData: externalData, payload: payload)
    }
    return try COSEContext.signature.encode(
      body: document.extracting(bodyHeaders), signer: own, externalData: externalData, payload: payload)
  }
}
