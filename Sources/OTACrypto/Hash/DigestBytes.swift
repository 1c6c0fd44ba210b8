import OTACore

extension Digest {
  /// Takes an output that has the right length by its type.
  init(sha256 bytes: InlineArray<32, UInt8>) {
    self.init(algorithm: .sha256, exactly: bytes.span)
  }

  /// Takes an output that has the right length by its type.
  init(sha512 bytes: InlineArray<64, UInt8>) {
    self.init(algorithm: .sha512, exactly: bytes.span)
  }

  private init(algorithm: DigestAlgorithm, exactly bytes: Span<UInt8>) {
    do throws(ParseError) {
      try self.init(algorithm: algorithm, bytes: bytes)
    } catch {
      preconditionFailure("a hash function returned a digest of another length than its algorithm has")
    }
  }
}
