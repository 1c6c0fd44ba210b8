/// A kind of attack, as far as a refusal tells.
///
/// - Note: Which there are: project decision, Docs/ThreatModel.md.
public enum ThreatClass: UInt8, Sendable, CaseIterable {
  /// Bytes are not those that were signed: somebody stands in between, or has changed what is stored.
  case manInTheMiddle = 1
  /// Something that was good once is offered again.
  case replay = 2
  /// Something older than what is known is offered.
  case rollback = 3
  /// What is newer is held back.
  case freeze = 4
  /// Parts that do not belong together are offered together.
  case mixAndMatch = 5
  /// More bytes, memory or time is asked for than is allowed.
  case endlessData = 6
  /// A transfer trickles.
  case slowRetrieval = 7
  /// Something that is meant for another device.
  case wrongDevice = 8
  /// Signed, but not by enough of the keys that must.
  case supplyChain = 9
  /// The server says what the repository does not.
  case compromisedServer = 10
  /// A trusted key or a name reaches for more than it may.
  case privilegeEscalation = 11
  /// Something is addressed to a component that is not there, or not meant.
  case confusedDeputy = 12
  /// A document is cut, broken or put together in a way that no honest writer does.
  case fragmentTricks = 13
}

extension ThreatClass {
  /// What kind of attack an error may be.
  ///
  /// - Returns: `nil` for errors that happen without anybody's doing, and that nobody gains from.
  public init?(_ code: ErrorCode) {
    switch code {
    case .authenticationFailed, .manifestDigestMismatch, .imageDigestMismatch, .payloadDigestMismatch,
      .payloadSizeMismatch, .secureStorageTampered, .trustAnchorsTampered, .bootVerificationFailed,
      .receiptRefused, .targetMismatch:
      self = .manInTheMiddle
    case .sequenceNumberReplayed: self = .replay
    case .secureStorageReplayed, .counterMismatch, .trustAnchorsNumberMismatch, .repositoryRollback:
      self = .rollback
    case .trustAnchorsExpired, .repositoryExpired: self = .freeze
    case .repositoryMixAndMatch: self = .mixAndMatch
    case .limitExceeded, .deltaMemoryExceeded, .payloadMemoryExceeded, .imageTooLarge,
      .transportResponseTooLarge, .requestTooLarge,
      .repositoryEndlessData:
      self = .endlessData
    case .transportTimeout: self = .slowRetrieval
    case .vendorMismatch, .classMismatch, .deviceMismatch, .hardwareRevisionMismatch, .unknownDevice,
      .payloadKeyMissing:
      self = .wrongDevice
    case .unknownKey, .imageSignatureRefused, .manifestThresholdNotMet, .trustAnchorsThresholdNotMet,
      .repositoryThresholdNotMet:
      self = .supplyChain
    case .unknownTarget: self = .compromisedServer
    case .keyNotAuthorized, .trustAnchorsScopeMismatch, .targetPathUnusable: self = .privilegeEscalation
    case .unknownComponent: self = .confusedDeputy
    case .truncated, .trailingBytes, .invalidValue, .notCanonical, .manifestUnsupportedCommand,
      .manifestMissingParameter, .manifestRuleBroken, .deltaMalformed, .deltaSourceOutOfRange,
      .deltaOutputMismatch,
      .transportMalformed, .requestMalformed, .repositoryMalformed:
      self = .fragmentTricks
    case .unsupported, .capacityExceeded, .checksumMismatch, .cryptoUnavailable, .invalidKey,
      .unsupportedAlgorithm, .requiredVersionMissing, .dependencyMissing, .deltaSourceMismatch,
      .deltaUnsupportedFormat, .flashOutOfBounds, .flashNotAligned, .flashNotErased, .flashDeviceFailure,
      .flashPowerLost, .layoutInvalid, .journalEmpty, .journalFull, .slotEmpty, .noBootableImage, .slotInUse,
      .secureStorageMissing, .secureStorageFull, .secureStorageNotOpen, .counterUnavailable,
      .counterExhausted, .trustAnchorsUnreadable, .trustAnchorsInUse, .manifestConditionFailed,
      .policyRejected, .cancelled, .healthCheckFailed,
      .bootAttemptsExhausted, .retriesExhausted, .healthCheckTimeout, .updateSuperseded,
      .transportUnreachable, .transportInterrupted, .transportStatus, .transportRangeIgnored, .unknownUpdate,
      .unknownArtifact, .storeUnavailable, .storeBusy, .storageFull, .addressInUse, .repositoryRootMissing,
      .repositoryUnsupportedVersion, .repositoryFileMissing, .repositoryStorageFailed,
      .repositoryFolderInUse:
      return nil
    }
  }
}
