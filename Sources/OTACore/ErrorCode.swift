/// The stable number of an error: the same for ever, in reports, receipts, telemetry and the command line.
///
/// A number is never reused. The table with causes and remedies is `Docs/ErrorCodes.md`; a test holds it against
/// this list. The hundreds name the layer.
public enum ErrorCode: UInt16, Sendable, CaseIterable {
  // 0x01: bytes
  case truncated = 0x0101
  case trailingBytes = 0x0102
  case invalidValue = 0x0103
  case limitExceeded = 0x0104
  case notCanonical = 0x0105
  case unsupported = 0x0106
  case capacityExceeded = 0x0107
  case checksumMismatch = 0x0108

  // 0x02: crypto
  case cryptoUnavailable = 0x0201
  case authenticationFailed = 0x0202
  case unknownKey = 0x0203
  case invalidKey = 0x0204
  case unsupportedAlgorithm = 0x0205
  case keyNotAuthorized = 0x0206

  // 0x03: manifest
  case manifestDigestMismatch = 0x0301
  case manifestUnsupportedCommand = 0x0302
  case manifestMissingParameter = 0x0303
  case vendorMismatch = 0x0304
  case classMismatch = 0x0305
  case deviceMismatch = 0x0306
  case hardwareRevisionMismatch = 0x0307
  case sequenceNumberReplayed = 0x0308
  case requiredVersionMissing = 0x0309
  case unknownComponent = 0x030A
  case imageDigestMismatch = 0x030B
  case dependencyMissing = 0x030C
  case imageSignatureRefused = 0x030D
  case manifestThresholdNotMet = 0x0310
  case manifestConditionFailed = 0x0320
  case manifestRuleBroken = 0x0321

  // 0x04: delta and payload
  case payloadDigestMismatch = 0x0401
  case payloadSizeMismatch = 0x0402
  case deltaMalformed = 0x0403
  case deltaSourceMismatch = 0x0404
  case deltaSourceOutOfRange = 0x0405
  case deltaMemoryExceeded = 0x0406
  case deltaUnsupportedFormat = 0x0407
  case deltaOutputMismatch = 0x0408
  case payloadKeyMissing = 0x0410
  case payloadMemoryExceeded = 0x0411

  // 0x05: flash, slots, journal, boot
  case flashOutOfBounds = 0x0501
  case flashNotAligned = 0x0502
  case flashNotErased = 0x0503
  case flashDeviceFailure = 0x0504
  case flashPowerLost = 0x0505
  case layoutInvalid = 0x0506
  case journalEmpty = 0x0507
  case journalFull = 0x0508
  case imageTooLarge = 0x0509
  case slotEmpty = 0x050A
  case noBootableImage = 0x050B
  case slotInUse = 0x050C
  case secureStorageTampered = 0x0520
  case secureStorageReplayed = 0x0521
  case secureStorageMissing = 0x0522
  case secureStorageFull = 0x0523
  case secureStorageNotOpen = 0x0524
  case counterUnavailable = 0x0525
  case counterExhausted = 0x0526
  case counterMismatch = 0x0527
  case trustAnchorsUnreadable = 0x0530
  case trustAnchorsNumberMismatch = 0x0531
  case trustAnchorsThresholdNotMet = 0x0532
  case trustAnchorsScopeMismatch = 0x0533
  case trustAnchorsExpired = 0x0534
  case trustAnchorsInUse = 0x0535
  case trustAnchorsTampered = 0x0536

  // 0x06: update life cycle
  case policyRejected = 0x0601
  case cancelled = 0x0602
  case healthCheckFailed = 0x0603
  case bootAttemptsExhausted = 0x0604
  case bootVerificationFailed = 0x0605
  case retriesExhausted = 0x0606
  case healthCheckTimeout = 0x0607
  case updateSuperseded = 0x0608

  // 0x07: transport
  case transportUnreachable = 0x0701
  case transportInterrupted = 0x0702
  case transportTimeout = 0x0703
  case transportStatus = 0x0704
  case transportResponseTooLarge = 0x0705
  case transportRangeIgnored = 0x0706
  case transportMalformed = 0x0707

  // 0x08: server
  case requestMalformed = 0x0801
  case requestTooLarge = 0x0802
  case unknownDevice = 0x0803
  case unknownUpdate = 0x0804
  case unknownArtifact = 0x0805
  case receiptRefused = 0x0806
  case storeUnavailable = 0x0807
  case storeBusy = 0x0808
  case storageFull = 0x0809
  case addressInUse = 0x080A

  // 0x09: repository
  case repositoryRootMissing = 0x0901
  case repositoryMalformed = 0x0902
  case repositoryUnsupportedVersion = 0x0903
  case repositoryThresholdNotMet = 0x0904
  case repositoryRollback = 0x0905
  case repositoryExpired = 0x0906
  case repositoryMixAndMatch = 0x0907
  case repositoryEndlessData = 0x0908
  case repositoryFileMissing = 0x0909
  case unknownTarget = 0x090A
  case targetMismatch = 0x090B
  case targetPathUnusable = 0x090C
  case repositoryStorageFailed = 0x090D
  case repositoryFolderInUse = 0x090E
}
