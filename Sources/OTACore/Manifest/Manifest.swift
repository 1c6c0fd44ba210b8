/// The signed description of one update, free of any encoding.
///
/// A manifest format is an encoding at the border (`OTAManifest`); the layers in between know this type only.
public struct Manifest: Equatable, Sendable {
  /// Its place in the order of all manifests of this component; larger is newer.
  public var sequenceNumber: SequenceNumber
  /// The version that the image brings.
  public var newVersion: Version
  /// The lowest version that must be running for this update to apply, if any.
  public var requiredVersion: Version?
  /// Which part of the device the image belongs to.
  public var component: ComponentIdentifier
  /// Which devices the image fits.
  public var compatibility: Compatibility
  /// What will be in the slot.
  public var image: ImageDescription
  /// What will be in the slot beside it, on a device with several images; the payload makes all of them, one behind the
  /// other.
  public var companions: CompanionImages
  /// The digests of the blocks of the image, so that a device can authenticate each block that a patch makes before it is
  /// written; `nil` where they are not given, and where the payload is the image: then its own blocks are these.
  public var imageBlocks: BlockDigests?
  /// What is transported.
  public var payload: PayloadDescription
  /// Other payloads that make the same image: patches on other images, or the image itself.
  ///
  /// A device takes the smallest of all that it can use; in the manifest that it has verified there are no others any more.
  public var alternatives: [PayloadDescription]
  /// Other components that must be there first.
  public var dependencies: [Dependency]
  /// What the device does, in order.
  public var installSteps: [InstallStep]
  /// Text for people; nothing is decided by it.
  public var metadata: ManifestMetadata

  /// Makes a manifest from its parts.
  public init(
    sequenceNumber: SequenceNumber, newVersion: Version, requiredVersion: Version? = nil,
    component: ComponentIdentifier, compatibility: Compatibility, image: ImageDescription,
    companions: CompanionImages = CompanionImages(), imageBlocks: BlockDigests? = nil,
    payload: PayloadDescription, alternatives: [PayloadDescription] = [],
    dependencies: [Dependency] = [],
    installSteps: [InstallStep] = [.fetch, .install, .validate, .invoke],
    metadata: ManifestMetadata = ManifestMetadata()
  ) {
    self.sequenceNumber = sequenceNumber
    self.newVersion = newVersion
    self.requiredVersion = requiredVersion
    self.component = component
    self.compatibility = compatibility
    self.image = image
    self.companions = companions
    self.imageBlocks = imageBlocks
    self.payload = payload
    self.alternatives = alternatives
    self.dependencies = dependencies
    self.installSteps = installSteps
    self.metadata = metadata
  }
}

extension Manifest {
  /// All payloads that make the image, the first one first.
  public var payloads: [PayloadDescription] { [payload] + alternatives }
}

/// Which devices an image fits.
///
/// Vendor and class are always asked for; the rest where given.
///
/// - Note: Source: RFC 9124, section 3.3 to 3.5; hardware revision: project decision, Docs/Architecture.md.
public struct Compatibility: Equatable, Sendable {
  /// Who made the device.
  public var vendorID: UniversalIdentifier
  /// Which product it is.
  public var classID: UniversalIdentifier
  /// The one device that the image is for, if it is not for all of the class.
  public var deviceID: UniversalIdentifier?
  /// The board revisions that the image runs on, both ends included, if it does not run on all.
  public var hardwareRevisions: ClosedRange<UInt32>?

  /// Makes rules from their parts.
  public init(
    vendorID: UniversalIdentifier, classID: UniversalIdentifier, deviceID: UniversalIdentifier? = nil,
    hardwareRevisions: ClosedRange<UInt32>? = nil
  ) {
    self.vendorID = vendorID
    self.classID = classID
    self.deviceID = deviceID
    self.hardwareRevisions = hardwareRevisions
  }

  /// The first rule that a device breaks, or `nil` if it meets all of them.
  public func firstMismatch(with profile: DeviceProfile) -> ErrorCode? {
    guard vendorID == profile.vendorID else { return .vendorMismatch }
    guard classID == profile.classID else { return .classMismatch }
    if let deviceID, deviceID != profile.deviceID { return .deviceMismatch }
    if let hardwareRevisions, !hardwareRevisions.contains(profile.hardwareRevision) {
      return .hardwareRevisionMismatch
    }
    return nil
  }
}

/// The bytes that will boot.
public struct ImageDescription: Equatable, Sendable {
  /// The digest of all of them.
  public var digest: Digest
  /// How many they are, in bytes.
  public var size: UInt32

  /// Makes a description from its parts.
  public init(digest: Digest, size: UInt32) {
    self.digest = digest
    self.size = size
  }
}

/// Another component that must be present, at this version or a later one.
public struct Dependency: Equatable, Sendable {
  /// The component that is needed.
  public var component: ComponentIdentifier
  /// The lowest sequence number of it that will do.
  public var minimumSequenceNumber: SequenceNumber

  /// Makes a dependency from its parts.
  public init(component: ComponentIdentifier, minimumSequenceNumber: SequenceNumber) {
    self.component = component
    self.minimumSequenceNumber = minimumSequenceNumber
  }
}

/// One thing that a device does with an update.
///
/// - Note: Source: draft-ietf-suit-manifest-37, section 8.4.5 and 8.4.6 (the command sequences of a manifest).
public enum InstallStep: UInt8, Sendable, CaseIterable {
  /// Get the payload and authenticate it.
  case fetch = 0
  /// Make the image from it, in a slot that is not running.
  case install = 1
  /// Hold what is in the slot against the image digest.
  case validate = 2
  /// Boot it.
  case invoke = 3
}

/// Text for people, as UTF-8.
public struct ManifestMetadata: Equatable, Sendable {
  /// Who offers the update.
  public var vendorName: [UInt8]
  /// The product's name.
  public var modelName: [UInt8]
  /// What the update brings.
  public var updateDescription: [UInt8]

  /// Makes metadata; what is not given is left out of the encoding.
  public init(vendorName: [UInt8] = [], modelName: [UInt8] = [], updateDescription: [UInt8] = []) {
    self.vendorName = vendorName
    self.modelName = modelName
    self.updateDescription = updateDescription
  }
}
