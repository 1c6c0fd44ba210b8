/// How far an encoder has come.
public enum EncodingProgress: Equatable, Sendable {
  /// It compares the images, and finds out what is in them.
  case planning
  /// It has coded so many bytes of so many, of the candidate that it began first.
  case coding(byteCount: Int, of: Int)
  /// It applies the patch that it keeps.
  case verifying
}
