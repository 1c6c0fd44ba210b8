/// How much the contents of a container may be; a few bytes can stand for gigabytes.
public struct ContainerLimits: Equatable, Sendable {
  /// All the content of a file together, in bytes.
  public var contentSize: UInt32
  /// The content of one compressed stream, in bytes: it is in memory whole while it is compressed again.
  public var streamSize: UInt32

  /// What a library may take to compress one stream, in bytes, see ``CompressionMethod/memoryRequirement(contentSize:)``.
  public var compressorMemory: UInt64

  /// Makes limits; the defaults suit a Linux host with a GiB.
  public init(
    contentSize: UInt32 = 256 << 20, streamSize: UInt32 = 32 << 20, compressorMemory: UInt64 = 768 << 20
  ) {
    self.contentSize = contentSize
    self.streamSize = streamSize
    self.compressorMemory = compressorMemory
  }
}
