/// The format of a compressed stream inside a container.
public enum StreamFormat: UInt8, Sendable, CaseIterable {
  /// RFC 1951, as in gzip files.
  case deflate = 1
  /// RFC 1950, as in squashfs images with gzip.
  case zlib = 2
  /// A whole .xz file.
  case xz = 3
  /// One frame of RFC 8878.
  case zstd = 4
}
