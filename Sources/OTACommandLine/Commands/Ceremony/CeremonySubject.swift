import OTACore
import OTACrypto
import OTACryptoSodium
import OTAManifest
import OTAPartition

/// What a request is about: the document in it, after the bytes to sign were computed from it again.
enum CeremonySubject {
  /// Nobody can say what they mean.
  case bytes
  case envelope(EnvelopeSignature, [UInt8])
  case trustAnchors(SignedTrustAnchors)

  /// Looks at the document of a request.
  ///
  /// - Parameters:
  ///   - request: anybody may have written it.
  ///   - key: the key that is to sign.
  ///   - path: its file, for messages.
  /// - Throws: status ``ExitStatus/refused`` if the bytes to sign are not those of the document, or the document is none of
  ///   its kind.
  init(of request: SigningRequest, by key: PublicKey, path: String) throws(CommandFailure) {
    let message: [UInt8]
    do throws(CommandFailure) {
      (self, message) = try Self.subject(request.kind, request.document, key, path)
    } catch {
      var failure = error
      (failure.remedy, failure.status) = ("ask for another request", .refused)
      throw failure
    }
    guard request.kind == .bytes || message == request.message else {
      throw CeremonyDocument.failure(path, .documentMismatch)
    }
  }

  /// The document of a request that is to be made, and the bytes to sign.
  ///
  /// - Throws: status ``ExitStatus/failed`` if the document is none of its kind.
  static func subject(
    _ kind: SigningRequest.Kind, _ document: [UInt8], _ key: PublicKey, _ path: String
  ) throws(CommandFailure) -> (CeremonySubject, message: [UInt8]) {
    switch kind {
    case .bytes:
      return (.bytes, document)
    case .suitManifest:
      do throws(ManifestError) {
        let signature = try EnvelopeSignature(
          addingTo: document, for: key, limits: CeremonyDocument.limits)
        return (.envelope(signature, document), signature.signedBytes)
      } catch {
        throw CommandFailure(
          path, why: error.description, remedy: "check that it is a SUIT envelope", code: error.code)
      }
    case .trustAnchors:
      do throws(TrustAnchorError) {
        let set = try SignedTrustAnchors(parsing: document)
        return (.trustAnchors(set), try set.anchors.signatureInput)
      } catch {
        throw TrustFile.failure(path, error)
      }
    }
  }

  /// The document with a signature in it, or the signature alone.
  ///
  /// - Throws: status ``ExitStatus/failed`` if there is no room for it.
  func signed(_ signature: [UInt8], by key: PublicKey, path: String) throws(CommandFailure) -> [UInt8] {
    switch self {
    case .bytes: return signature
    case .envelope(let envelope, _):
      do throws(ManifestError) {
        return try envelope.envelope(signature: signature)
      } catch {
        throw CommandFailure(
          path, why: error.description, remedy: "make the manifest smaller", code: error.code)
      }
    case .trustAnchors(var set):
      do throws(TrustAnchorError) {
        try set.add(signature, by: KeyIdentifier(of: key))
        return try set.bytes
      } catch {
        throw CommandFailure(
          path, why: "it has as many signatures as devices look at",
          remedy: "begin from the set that nobody has signed", code: error.code)
      }
    }
  }

  /// The lines that tell a person what is signed; `nil` if the document says more than this program knows.
  var lines: [String]? {
    switch self {
    case .bytes: return nil
    case .trustAnchors(let set): return TrustReport(set).lines
    case .envelope(_, let envelope):
      do throws(ManifestError) {
        let limits = CeremonyDocument.limits
        let parsed = try SUITEnvelope(parsing: envelope.span, limits: limits)
        let suit = try SUITManifest(parsed, of: envelope.span, limits: limits, hash: SodiumSHA256.self)
        return [ManifestSummary(try Manifest(suit, limits: limits)).description]
      } catch {
        return nil
      }
    }
  }

  /// What it is called once it is signed.
  var nameWhenSigned: String {
    switch self {
    case .bytes: "signature"
    case .envelope: "signed envelope"
    case .trustAnchors: "signed set"
    }
  }
}
