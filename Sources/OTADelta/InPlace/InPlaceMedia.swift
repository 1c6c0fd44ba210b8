/// The ends of a patch that is applied in place: what a ``PatchMedia`` has, and the patch, which is at hand as a whole.
public protocol InPlaceMedia: PatchMedia, ~Copyable {
  /// Reads bytes of the patch.
  ///
  /// - Parameters:
  ///   - destination: filled whole; its count is the number of bytes to read.
  ///   - offset: the first byte, counted from the start of the patch; no alignment.
  /// - Throws: the failure of the medium.
  mutating func readPatch(
    into destination: inout MutableSpan<UInt8>, at offset: UInt32
  ) throws(SourceFailure)
}
