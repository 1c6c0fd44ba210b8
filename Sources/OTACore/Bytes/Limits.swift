/// How much of each kind of document is accepted, in bytes unless said otherwise.
///
/// Parsers check a count or length against these *and* against what is left of the input, before they use it.
public struct Limits: Equatable, Sendable {
  /// The signed envelope of a manifest.
  public var envelopeSize: Int
  /// Items within items, as a number of levels.
  public var nestingDepth: Int
  /// Entries of one array or map.
  public var itemCount: Int
  /// Text and byte strings that are kept, such as a URI.
  public var stringSize: Int
  /// The image, before it is compared with the slot.
  public var imageSize: UInt32
  /// The payload, before it is compared with what the server sends.
  public var payloadSize: UInt32
  /// Working memory of a delta decoder.
  public var decoderMemory: UInt32
  /// Documents of repositories.
  public var repository: RepositoryLimits
  /// Packages of files.
  public var package: PackageLimits

  /// Makes limits; each has a default that suits a Linux agent.
  public init(
    envelopeSize: Int = 64 << 10, nestingDepth: Int = 8, itemCount: Int = 1024, stringSize: Int = 1024,
    imageSize: UInt32 = 1 << 30, payloadSize: UInt32 = 1 << 30, decoderMemory: UInt32 = 8 << 20,
    repository: RepositoryLimits = RepositoryLimits(), package: PackageLimits = PackageLimits()
  ) {
    self.envelopeSize = envelopeSize
    self.nestingDepth = nestingDepth
    self.itemCount = itemCount
    self.stringSize = stringSize
    self.imageSize = imageSize
    self.payloadSize = payloadSize
    self.decoderMemory = decoderMemory
    self.repository = repository
    self.package = package
  }
}
