public import OTACore
public import OTACrypto

/// What a device says, under its own signature, about how an update ended and what it runs now.
///
/// Encoded as a CBOR map in a tagged COSE_Sign1 structure. The external data ``externalData`` is part of what is
/// signed and of nothing else, so that the signature of a receipt never passes as one of a manifest, nor the other
/// way round.
///
/// - Note: Source: project decision, Docs/ManifestFormat.md; the envelope of the signature is RFC 9052, section 4.2.
public struct BootReceipt: Equatable, Sendable {
  /// The version of the format.
  public static var formatVersion: UInt64 { 1 }

  /// The most bytes that an encoded receipt has.
  public static var maximumSize: Int { 512 }

  /// The device that speaks.
  public var deviceID: UniversalIdentifier
  /// The digest of the envelope of the update's manifest.
  public var updateID: Digest
  /// How the update ended, and why, unless it was installed.
  public var outcome: Report.Outcome
  /// The digest of the image that runs.
  public var runningImage: Digest
  /// The sequence number of the image that runs.
  public var runningSequenceNumber: SequenceNumber

  /// Makes a receipt from its parts.
  public init(
    deviceID: UniversalIdentifier, updateID: Digest, outcome: Report.Outcome,
    runningImage: Digest, runningSequenceNumber: SequenceNumber
  ) {
    self.deviceID = deviceID
    self.updateID = updateID
    self.outcome = outcome
    self.runningImage = runningImage
    self.runningSequenceNumber = runningSequenceNumber
  }

  /// The external additional authenticated data of receipts: `swift-ota boot receipt 1` in ASCII.
  public static var externalData: InlineArray<24, UInt8> {
    [
      0x73, 0x77, 0x69, 0x66, 0x74, 0x2d, 0x6f, 0x74, 0x61, 0x20, 0x62, 0x6f, 0x6f, 0x74, 0x20, 0x72, 0x65,
      0x63,
      0x65, 0x69, 0x70, 0x74, 0x20, 0x31,
    ]
  }

  /// Checks and decodes a receipt.
  ///
  /// Who the device is comes from the receipt; the caller looks up its key first and must hold ``deviceID`` against
  /// the device that the key belongs to.
  ///
  /// - Parameters:
  ///   - bytes: the encoded receipt.
  ///   - key: the key of the device.
  ///   - verifier: the backend.
  /// - Returns: the receipt.
  /// - Throws: ``ManifestError/limitExceeded(_:)`` over ``maximumSize``, ``ManifestError/malformed(_:)`` or
  ///   ``ManifestError/unsupportedHeader(_:)`` for other structures, ``ManifestError/crypto(_:)`` with
  ///   `CryptoError.unknownKey` if it names another key, `CryptoError.authenticationFailed` if the signature is not
  ///   good; ``ManifestError/unsupportedVersion(_:)``, ``ManifestError/unsupportedMember(_:)`` and
  ///   ``ManifestError/missingMember(_:)`` for other contents.
  public static func verify(
    _ bytes: Span<UInt8>, by key: PublicKey, using verifier: borrowing some SignatureVerifier
  ) throws(ManifestError) -> BootReceipt {
    var trustStore = TrustStore()
    do throws(CryptoError) {
      try trustStore.add(key, for: .device)
    } catch {
      throw .crypto(error)
    }
    return try verify(bytes, trustStore: trustStore, using: verifier)
  }

  /// Checks and decodes a receipt of one of several devices.
  ///
  /// - Parameters:
  ///   - bytes: the encoded receipt.
  ///   - trustStore: the keys with the role `KeyRole.device`.
  ///   - verifier: the backend.
  /// - Returns: the receipt.
  /// - Throws: as ``verify(_:by:using:)``; also `CryptoError.keyNotAuthorized` if the key has not the role.
  public static func verify(
    _ bytes: Span<UInt8>, trustStore: TrustStore, using verifier: borrowing some SignatureVerifier
  ) throws(ManifestError) -> BootReceipt {
    guard bytes.count <= maximumSize else { throw .limitExceeded(.envelope) }
    let sign1 = try COSESign1(parsing: 0..<bytes.count, of: bytes, tagging: .tagged)
    guard let payload = sign1.payload, let range = sign1.keyIdentifier else {
      throw .malformed(ParseError(.invalidValue, at: 0))
    }
    let key: PublicKey
    do throws(CryptoError) {
      key = try trustStore.key(try KeyIdentifier(header: bytes.extracting(range)), for: .device)
    } catch {
      throw .crypto(error)
    }
    let externalData = externalData
    try sign1.verify(
      payload: bytes.extracting(payload), externalData: externalData.span, in: bytes, by: key,
      using: verifier)
    return try BootReceipt(parsing: bytes.extracting(payload))
  }
}

/// A receipt that waits for its signature.
public struct UnsignedReceipt: Equatable, Sendable {
  /// The bytes to sign with the device's key, not their digest.
  public let signedBytes: [UInt8]

  private let protectedHeaders: [UInt8]
  private let payload: [UInt8]
  private let algorithm: SignatureAlgorithm

  /// Encodes a receipt for one device.
  ///
  /// - Parameters:
  ///   - receipt: what to sign.
  ///   - key: the public part of the device's key.
  /// - Throws: never for a valid receipt and key.
  public init(_ receipt: BootReceipt, signedBy key: PublicKey) throws(ManifestError) {
    let payload = try receipt.encoded()
    self.payload = payload
    let headers = try COSESign1.protectedHeaders(for: key)
    protectedHeaders = headers
    algorithm = key.algorithm
    let externalData = BootReceipt.externalData
    signedBytes = try COSESign1.signedBytes(
      protectedHeaders: headers.span, externalData: externalData.span, payload: payload.span)
  }

  /// Puts the receipt together.
  ///
  /// - Parameter signature: the signature of ``signedBytes``.
  /// - Returns: the encoded receipt, at most ``BootReceipt/maximumSize`` bytes.
  /// - Throws: ``ManifestError/crypto(_:)`` with `CryptoError.authenticationFailed` if the signature has the wrong
  ///   length; it is not checked further. ``ManifestError/limitExceeded(_:)`` for a hash-based signature, which is longer
  ///   than a receipt may be.
  public func receipt(signature: [UInt8]) throws(ManifestError) -> [UInt8] {
    guard algorithm.hasSignatures(ofSize: signature.count) else { throw .crypto(.authenticationFailed) }
    let receipt = try COSESign1.encoded(
      protectedHeaders: protectedHeaders, payload: payload, signature: signature)
    guard receipt.count <= BootReceipt.maximumSize else { throw .limitExceeded(.envelope) }
    return receipt
  }
}
