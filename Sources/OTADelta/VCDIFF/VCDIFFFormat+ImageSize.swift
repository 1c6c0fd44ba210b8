public import OTADelta

extension VCDIFFFormat {
  /// How many bytes the image has that a whole patch makes: the sum of its windows, because no header says it.
  ///
  /// Looks at headers only and skips the sections; the patch may still be refused when it is applied.
  ///
  /// - Parameter patch: a whole patch.
  /// - Returns: the size.
  /// - Throws: ``/OTADelta/DeltaError/truncated`` if the patch ends within a header or a section,
  ///   ``/OTADelta/DeltaError/imageTooLarge`` over 2^32 - 1 bytes, and what a decoder throws for headers.
  public static func imageSize(of patch: Span<UInt8>) throws(DeltaError) -> UInt32 {
    var parser = VCDIFFHeaderParser()
    var size = 0
    var position = 0
    while position < patch.count {
      let isWindow = try parser.take(patch[position])
      position += 1
      guard isWindow else { continue }
      guard parser.window.targetSize <= Int(UInt32.max) - size else { throw .imageTooLarge }
      size += parser.window.targetSize
      guard parser.window.sections.sum <= patch.count - position else { throw .truncated }
      position += parser.window.sections.sum
    }
    guard parser.isBetweenWindows else { throw .truncated }
    return UInt32(size)
  }
}
