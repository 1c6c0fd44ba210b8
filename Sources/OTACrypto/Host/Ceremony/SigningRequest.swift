#if !hasFeature(Embedded)
public import OTACore

/// Bytes that wait for the signature of a key which is somewhere else, and may never meet the network.
///
/// A request names the key and the kind of document, and carries the document, so that the person at the key can see what
/// he signs instead of believing a description: whoever signs computes the bytes from the document again. Nothing of a
/// request is secret, and nothing of it is trusted.
///
/// - Note: Source of the form: project decision, Docs/KeyCeremony.md.
public struct SigningRequest: Equatable, Sendable {
  /// What is signed, and so how the bytes come from the document.
  public enum Kind: String, Sendable, CaseIterable {
    /// A SUIT envelope; the bytes are the Sig_structure over the digest of its manifest.
    case suitManifest = "suit-manifest"
    /// A set of trust anchors with the signatures that it has; the bytes are what every key signs under the set.
    case trustAnchors = "trust-anchors"
    /// Just bytes, which are the document: nobody can say what they mean.
    case bytes
  }

  /// The most bytes of a document.
  public static var maximumDocumentSize: Int { 256 << 10 }
  /// The most bytes of what is signed.
  public static var maximumMessageSize: Int { 64 << 10 }
  /// The most lines of a note.
  public static var maximumNoteCount: Int { 16 }

  /// What is signed.
  public let kind: Kind
  /// The name of the key that is to sign.
  public let keyIdentifier: KeyIdentifier
  /// The number of the key's algorithm in COSE.
  public let algorithm: Int32
  /// The bytes to sign, not their digest.
  public let message: [UInt8]
  /// What the bytes were computed from; empty for ``Kind/bytes``.
  public let document: [UInt8]
  /// What the one who asks wants to tell the one who signs; nobody checks it.
  public let notes: [String]

  /// Asks for a signature.
  ///
  /// - Parameters:
  ///   - kind: what is signed.
  ///   - key: the public part of the key that is to sign.
  ///   - message: the bytes to sign, at most ``maximumMessageSize``.
  ///   - document: what they were computed from, at most ``maximumDocumentSize`` bytes; empty for ``Kind/bytes``.
  ///   - notes: lines for the one who signs, without control characters, of at most 200 characters each.
  /// - Throws: ``CeremonyError/malformed`` if anything is longer than that.
  public init(
    _ kind: Kind, for key: PublicKey, message: [UInt8], document: [UInt8] = [], notes: [String] = []
  ) throws(CeremonyError) {
    self.kind = kind
    keyIdentifier = KeyIdentifier(of: key)
    algorithm = key.algorithm.rawValue
    self.message = message
    self.document = document
    self.notes = notes
    try checkSizes()
  }

  /// Reads a request.
  ///
  /// - Throws: ``CeremonyError/malformed`` for anything but the one form that ``text`` writes.
  public init(text: [UInt8]) throws(CeremonyError) {
    var lines = try CeremonyText(text)
    guard try lines.take("ota-signing-request") == "1", let kind = Kind(rawValue: try lines.take("kind"))
    else {
      throw .malformed
    }
    self.kind = kind
    let identifier = try lines.takeBytes("key-id")
    do throws(ParseError) {
      keyIdentifier = try KeyIdentifier(bytes: identifier.span)
    } catch {
      throw .malformed
    }
    let number = try lines.take("algorithm")
    guard let algorithm = Int32(number), String(algorithm) == number else { throw .malformed }
    self.algorithm = algorithm
    message = try lines.takeBytes("message")
    document = kind == .bytes ? [] : try lines.takeBytes("document")
    var notes: [String] = []
    while let note = lines.takeIfNext("note") { notes.append(note) }
    self.notes = notes
    try lines.requireEnd()
    try checkSizes()
  }

  private func checkSizes() throws(CeremonyError) {
    guard message.count <= SigningRequest.maximumMessageSize, !message.isEmpty,
      document.count <= SigningRequest.maximumDocumentSize, document.isEmpty == (kind == .bytes),
      notes.count <= SigningRequest.maximumNoteCount,
      notes.allSatisfy({ $0.count <= 200 && $0.unicodeScalars.allSatisfy(CeremonyText.isShown) })
    else { throw .malformed }
  }

  /// The request as a text file.
  public var text: [UInt8] {
    var lines = CeremonyText()
    lines.add("ota-signing-request", "1")
    lines.add("kind", kind.rawValue)
    lines.add("key-id", keyIdentifier.digest.description)
    lines.add("algorithm", String(algorithm))
    lines.add("message", bytes: message)
    if kind != .bytes { lines.add("document", bytes: document) }
    for note in notes { lines.add("note", note) }
    return lines.bytes
  }

  /// The digest of the bytes to sign: what the two sides read to each other.
  public var messageDigest: Digest { SHA256.digest(of: message.span) }

  /// Signs.
  ///
  /// Whoever calls this has looked at the document: it is not checked here.
  ///
  /// - Parameter signer: the key.
  /// - Returns: the answer.
  /// - Throws: ``CeremonyError/otherKey`` if the request is for another key or algorithm,
  ///   ``CeremonyError/signatureRefused`` if the signer fails.
  public func signed(by signer: some Signer) async throws(CeremonyError) -> SigningResponse {
    try requireKey(signer.publicKey)
    let signature: [UInt8]
    do throws(CryptoError) {
      signature = try await signer.signature(for: message)
    } catch {
      throw .signatureRefused
    }
    return SigningResponse(keyIdentifier: keyIdentifier, messageDigest: messageDigest, signature: signature)
  }

  /// Checks an answer, and returns its signature only if it is good.
  ///
  /// - Parameters:
  ///   - response: the answer.
  ///   - key: who should have signed; known to the caller, not from the answer.
  ///   - verifier: the backend.
  /// - Returns: the signature.
  /// - Throws: ``CeremonyError/otherKey``, ``CeremonyError/otherRequest``, ``CeremonyError/signatureRefused``.
  public func signature(
    from response: SigningResponse, by key: PublicKey, using verifier: some SignatureVerifier
  ) throws(CeremonyError) -> [UInt8] {
    try requireKey(key)
    guard response.keyIdentifier == keyIdentifier else { throw .otherKey }
    guard response.messageDigest == messageDigest else { throw .otherRequest }
    do throws(CryptoError) {
      try verifier.verify(signature: response.signature.span, of: message.span, by: key)
    } catch {
      throw .signatureRefused
    }
    return response.signature
  }

  private func requireKey(_ key: PublicKey) throws(CeremonyError) {
    guard KeyIdentifier(of: key) == keyIdentifier, key.algorithm.rawValue == algorithm else {
      throw .otherKey
    }
  }
}
#endif
