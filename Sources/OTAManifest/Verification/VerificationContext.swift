public import OTACore
public import OTACrypto

/// What a device knows of itself when it judges a manifest.
public struct VerificationContext: Equatable, Sendable {
  /// The keys that may sign manifests.
  public var trustStore: TrustStore
  /// How many of these keys must have signed, and of which kinds.
  public var signaturePolicy: SignaturePolicy
  /// What the device is, and what it accepts.
  public var profile: DeviceProfile
  /// The security counter: only manifests above it are accepted.
  public var securityCounter: SequenceNumber
  /// The version that runs.
  public var runningVersion: Version
  /// The image that runs.
  public var runningImage: ImageDescription
  /// The other components of the device, with the sequence numbers that are installed.
  public var otherComponents: [InstalledComponent]

  /// Makes a context from its parts.
  public init(
    trustStore: TrustStore, profile: DeviceProfile, securityCounter: SequenceNumber, runningVersion: Version,
    runningImage: ImageDescription, otherComponents: [InstalledComponent] = [],
    signaturePolicy: SignaturePolicy = .oneSignature
  ) {
    self.signaturePolicy = signaturePolicy
    self.trustStore = trustStore
    self.profile = profile
    self.securityCounter = securityCounter
    self.runningVersion = runningVersion
    self.runningImage = runningImage
    self.otherComponents = otherComponents
  }
}

/// A component that is installed, and how new it is.
public struct InstalledComponent: Equatable, Sendable {
  /// Which component.
  public var component: ComponentIdentifier
  /// The sequence number of the manifest that brought it.
  public var sequenceNumber: SequenceNumber

  /// Makes a record from its parts.
  public init(component: ComponentIdentifier, sequenceNumber: SequenceNumber) {
    self.component = component
    self.sequenceNumber = sequenceNumber
  }
}
