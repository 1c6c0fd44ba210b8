public import OTACore
import OTACrypto

/// One value that stands for everything that was started, in the order in which it was.
///
/// It begins as 32 bytes of zero. Each extension replaces it by SHA-256 of the old value followed by a digest, as a
/// register of a TPM does: the value cannot be set, only extended, and another order or another image gives another one.
/// It is plain memory here. What that proves, and what not, is in Docs/BootChain.md.
///
/// - Note: Source: TCG, Trusted Platform Module Library 2.0, Part 1: Architecture, "PCR Operations" (extend of a PCR), and
///   Part 3: Commands, `TPM2_PCR_Extend`; for the bank of SHA-256.
public struct Measurement: Equatable, Sendable {
  /// The value, 32 bytes of SHA-256.
  public private(set) var value: Digest

  /// Begins with zeros: nothing was started.
  public init() {
    value = Digest(zeros: ())
  }

  /// Takes a value as it is.
  init(value: Digest) { self.value = value }

  /// Extends the value.
  ///
  /// - Parameter digest: of what is about to be started. One of another function than SHA-256 stands for itself by its
  ///   SHA-256, because a bank extends with digests of its own function only.
  public mutating func extend(with digest: Digest) {
    var hash = SHA256()
    hash.update(value.bytes)
    hash.update(digest.measured.bytes)
    value = hash.finalize()
  }
}

extension Digest {
  /// The digest that a measurement is extended with: itself if it is of SHA-256, otherwise the SHA-256 of its bytes.
  public var measured: Digest {
    switch algorithm {
    case .sha256: self
    case .sha384, .sha512, .shake256, .blake2b256, .sha3Bits256, .sha3Bits384, .sha3Bits512:
      SHA256.digest(of: bytes)
    }
  }

  /// 32 bytes of zero; no bytes have this digest, as far as anybody knows.
  fileprivate init(zeros: ()) {
    let bytes = InlineArray<32, UInt8>(repeating: 0)
    self.init(measured: bytes.span)
  }

  /// Takes 32 bytes as a SHA-256.
  init(measured bytes: Span<UInt8>) {
    do throws(ParseError) {
      try self.init(algorithm: .sha256, bytes: bytes)
    } catch {
      preconditionFailure("a measurement has 32 bytes")
    }
  }
}
