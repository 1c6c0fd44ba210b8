public import OTACore

/// An update that the server can offer: the facts of its manifest that an offer is decided by.
///
/// Several updates may share a sequence number: they are variants, such as a patch from one version and the whole
/// image.
public struct PublishedUpdate: Equatable, Sendable {
  /// The digest of the envelope; its artifact has this name.
  public var id: Digest
  /// The length of the envelope, in bytes.
  public var envelopeSize: UInt64
  /// Its place in the order of updates of the component.
  public var sequenceNumber: SequenceNumber
  /// The version that it brings.
  public var newVersion: Version
  /// The lowest version that must be running, if any.
  public var requiredVersion: Version?
  /// Which part of the device it is for.
  public var component: ComponentIdentifier
  /// Which devices it fits.
  public var compatibility: Compatibility
  /// The image that it makes.
  public var image: ImageDescription
  /// The digest and size of what is transported; its artifact has this name.
  public var payload: ImageDescription
  /// How the image is made from the payload.
  public var encoding: PayloadEncoding
  /// When it was published.
  public var publishedAt: Timestamp

  /// Makes an update from its parts.
  public init(
    id: Digest, envelopeSize: UInt64, sequenceNumber: SequenceNumber, newVersion: Version,
    requiredVersion: Version?, component: ComponentIdentifier, compatibility: Compatibility,
    image: ImageDescription, payload: ImageDescription, encoding: PayloadEncoding, publishedAt: Timestamp
  ) {
    self.id = id
    self.envelopeSize = envelopeSize
    self.sequenceNumber = sequenceNumber
    self.newVersion = newVersion
    self.requiredVersion = requiredVersion
    self.component = component
    self.compatibility = compatibility
    self.image = image
    self.payload = payload
    self.encoding = encoding
    self.publishedAt = publishedAt
  }

  /// Takes the facts of a manifest.
  ///
  /// Of an encrypted payload the manifest does not say the digest of what is transported: set ``payload`` then.
  public init(manifest: Manifest, id: Digest, envelopeSize: UInt64, publishedAt: Timestamp) {
    self.init(
      id: id, envelopeSize: envelopeSize, sequenceNumber: manifest.sequenceNumber,
      newVersion: manifest.newVersion, requiredVersion: manifest.requiredVersion,
      component: manifest.component, compatibility: manifest.compatibility, image: manifest.image,
      payload: ImageDescription(digest: manifest.payload.digest, size: manifest.payload.size),
      encoding: manifest.payload.encoding, publishedAt: publishedAt)
  }
}
