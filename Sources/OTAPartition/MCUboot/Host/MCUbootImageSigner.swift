#if !hasFeature(Embedded)
public import OTACore
public import OTACrypto

/// Something that signs images of MCUboot with one private key, of any kind that MCUboot knows.
///
/// ``MCUbootMessageSigner`` makes one of every `Signer`; `OTAMCUbootOpenSSL` has one that knows RSA too.
public protocol MCUbootImageSigner: Sendable {
  /// The public part of the key as DER, in the form that ``MCUbootSignature/names(_:using:)`` has it.
  var encodedPublicKey: [UInt8] { get }
  /// The type of its signatures.
  var signatureType: MCUbootTLVType { get }

  /// Whether it signs hashes of a function.
  func signs(_ algorithm: DigestAlgorithm) -> Bool

  /// Signs an image.
  ///
  /// - Parameters:
  ///   - digest: the hash of the image, of a function that it signs.
  ///   - image: what was hashed, for keys that hash it themselves.
  /// - Returns: the signature, in the form that stands in the TLV.
  /// - Throws: a `CryptoError`; `CryptoError.unavailable` if the key cannot be reached now.
  func signature(over digest: Digest, of image: [UInt8]) async throws(CryptoError) -> [UInt8]
}

/// Signs images with a signer for Ed25519, ES256 or ES384, wherever its key is.
///
/// Ed25519 has the hash of the image for its message. ECDSA is over the image, which the signer hashes itself, and its
/// signature is written as DER.
public struct MCUbootMessageSigner<Key: Signer>: MCUbootImageSigner {
  private let signer: Key

  /// Takes a signer; one of another algorithm signs no hashes.
  public init(_ signer: Key) { self.signer = signer }

  /// The SubjectPublicKeyInfo of the key.
  public var encodedPublicKey: [UInt8] {
    let key = signer.publicKey
    do throws(ParseError) {
      return try [UInt8](capacity: key.subjectPublicKeyInfoSize) { (writer) throws(ParseError) in
        try key.serializeSubjectPublicKeyInfo(into: &writer)
      }
    } catch {
      preconditionFailure("a key takes as many bytes as it says")
    }
  }

  /// That of Ed25519, or of ECDSA.
  public var signatureType: MCUbootTLVType {
    switch signer.publicKey.algorithm {
    case .es256, .es384: .ecdsa
    case .ed25519, .hssLMS: .ed25519
    }
  }

  /// Whether keys of this kind are used with a function: Ed25519 with SHA-256 or SHA-512, ES256 with SHA-256, ES384 with
  /// SHA-384.
  public func signs(_ algorithm: DigestAlgorithm) -> Bool {
    switch signer.publicKey.algorithm {
    case .ed25519: algorithm == .sha256 || algorithm == .sha512
    case .es256: algorithm == .sha256
    case .es384: algorithm == .sha384
    case .hssLMS: false
    }
  }

  /// Signs the hash, or the image.
  ///
  /// - Throws: what the signer throws; `CryptoError.unavailable` if what it gives cannot be a signature;
  ///   `CryptoError.unsupportedAlgorithm` for a key of HSS.
  public func signature(over digest: Digest, of image: [UInt8]) async throws(CryptoError) -> [UInt8] {
    let key = signer.publicKey
    switch key.algorithm {
    case .ed25519:
      let signature = try await signer.signature(for: digest.bytes.octets)
      guard signature.count == 64 else { throw .unavailable }
      return signature
    case .es256, .es384:
      let signature = try await signer.signature(for: image)
      // r and s, each as long as a coordinate, as the key has two of.
      guard signature.count == key.count else { throw .unavailable }
      return Self.der(signature)
    case .hssLMS:
      throw .unsupportedAlgorithm
    }
  }

  /// SEQUENCE { INTEGER r, INTEGER s }.
  ///
  /// - Note: Source: RFC 3279, section 2.2.3. Every length is below 128: two numbers of 48 bytes, a zero before each.
  private static func der(_ signature: [UInt8]) -> [UInt8] {
    let half = signature.count / 2
    let numbers = [signature.prefix(half), signature.suffix(half)].flatMap { number in
      var digits = Array(number.drop { $0 == 0 })
      if digits.first.map({ $0 >= 0x80 }) ?? true { digits.insert(0, at: 0) }
      return [0x02, UInt8(truncatingIfNeeded: digits.count)] + digits
    }
    return [0x30, UInt8(truncatingIfNeeded: numbers.count)] + numbers
  }
}

extension Span<UInt8> {
  /// A copy on the heap.
  var octets: [UInt8] {
    var octets: [UInt8] = []
    octets.reserveCapacity(count)
    for index in 0..<count { octets.append(self[index]) }
    return octets
  }
}
#endif
