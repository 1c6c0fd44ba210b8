public import OTACore

/// Why an operation on a device's storage was refused or failed.
public enum StorageError: Error, Equatable, Sendable {
  /// The flash refused or failed.
  case flash(FlashError)
  /// The layout does not fit the device.
  case layout(LayoutError)
  /// The newest record of the journal is whole, but not of this version.
  ///
  /// Power loss cannot cause it: other firmware wrote the record.
  case record(ParseError)
  /// The journal has no readable record: the device was never provisioned, or the journal is destroyed.
  case journalEmpty
  /// The journal can take no more records, because its sequence numbers are used up.
  case journalFull
  /// Neither copy of the partition table is whole: the device was never provisioned, or both copies are destroyed.
  case partitionTableUnreadable
  /// The image is longer than the slot, or than it was said to be.
  case imageTooLarge
  /// There are more or fewer images than a slot of this device has.
  case imageCountMismatch
  /// The update would cost more erases, bytes or time than it may.
  case overBudget
  /// Fewer bytes were written than the image has.
  case imageIncomplete
  /// What is in the slot is not the image that the manifest describes.
  case imageDigestMismatch
  /// The digest in the manifest is not of the hash function that was given.
  case unsupportedAlgorithm
  /// The image's sequence number is below the security counter.
  case sequenceNumberReplayed
  /// The slot holds no image.
  case slotEmpty
  /// The slot is needed: one of the two images is on trial, or runs.
  case slotInUse
  /// No image is on trial, or another one runs.
  case notOnTrial
  /// The offer is not that of the manifest.
  case offerMismatch
  /// The token belongs to a staging that was given up.
  case superseded

  /// The stable number of this error.
  public var code: ErrorCode {
    switch self {
    case .flash(let error): error.code
    case .layout(let error): error.code
    case .record(let error): error.code
    case .journalEmpty: .journalEmpty
    case .journalFull: .journalFull
    case .partitionTableUnreadable: .layoutInvalid
    case .imageTooLarge: .imageTooLarge
    case .imageCountMismatch: .unknownComponent
    case .overBudget: .policyRejected
    case .imageIncomplete: .payloadSizeMismatch
    case .imageDigestMismatch: .imageDigestMismatch
    case .unsupportedAlgorithm: .unsupportedAlgorithm
    case .sequenceNumberReplayed: .sequenceNumberReplayed
    case .slotEmpty: .slotEmpty
    case .slotInUse: .slotInUse
    case .notOnTrial: .slotInUse
    case .offerMismatch: .invalidValue
    case .superseded: .updateSuperseded
    }
  }
}
