#if !hasFeature(Embedded)
public import OTACore

extension PayloadDescription {
  /// The contents of suit-parameter-fetch-arguments for this payload, for those who write the commands themselves.
  ///
  /// - Parameters:
  ///   - imageBlocks: the digests of the blocks of the image, if they are to be there.
  ///   - limits: what is written is not longer than `Limits.envelopeSize`.
  /// - Returns: the encoded map.
  /// - Throws: ``ManifestError/limitExceeded(_:)`` if it does not fit, ``ManifestError/invalid(_:)`` with
  ///   ``ManifestError/Field/encryption`` if the encryption is not described well.
  /// - Note: Source: project decision, Docs/ManifestFormat.md, section 4.1.
  public func fetchArguments(
    imageBlocks: BlockDigests? = nil, limits: Limits = Limits()
  ) throws(ManifestError) -> [UInt8] {
    try checkEncryption()
    return try SUITEncoder.fetchArguments(of: self, imageBlocks: imageBlocks, limit: limits.envelopeSize)
  }
}
#endif
