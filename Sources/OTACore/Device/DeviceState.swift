/// Everything that a device must remember over a loss of power, as one value: committed whole or not at all.
///
/// Boot selection and update progress are in one record, so that no power cut can leave the one without the other.
/// Layout of the serialised form: Docs/PowerLossModel.md.
public struct DeviceState: Equatable, Sendable {
  /// What boots.
  public var boot: BootState
  /// How far an update has come.
  public var update: UpdateRecord

  /// Makes a state from its parts.
  public init(boot: BootState, update: UpdateRecord = .idle) {
    self.boot = boot
    self.update = update
  }
}

/// What boots: the selected slot, what the slots hold, and the floor under sequence numbers.
public struct BootState: Equatable, Sendable {
  /// The slot that boots next, and whether it is still on trial.
  public var selection: BootSelection
  /// The image in slot a, if a verified one is there.
  public var slotA: ImageRecord?
  /// The image in slot b, if a verified one is there.
  public var slotB: ImageRecord?
  /// The lowest sequence number that may boot or be installed; raised when an image is confirmed.
  public var securityCounter: SequenceNumber
  /// Why the last trial was given up, until another image is confirmed.
  public var lastRevert: ErrorCode?
  /// Where the images of the slots are.
  public var placement: Placement

  /// Makes a boot state from its parts.
  public init(
    selection: BootSelection, slotA: ImageRecord? = nil, slotB: ImageRecord? = nil,
    securityCounter: SequenceNumber, lastRevert: ErrorCode? = nil,
    placement: Placement = .settled(primary: .a)
  ) {
    self.selection = selection
    self.slotA = slotA
    self.slotB = slotB
    self.securityCounter = securityCounter
    self.lastRevert = lastRevert
    self.placement = placement
  }

  /// The image in a slot, if a verified one is there.
  public subscript(slot: SlotIdentifier) -> ImageRecord? {
    get {
      switch slot {
      case .a: slotA
      case .b: slotB
      }
    }
    set {
      switch slot {
      case .a: slotA = newValue
      case .b: slotB = newValue
      }
    }
  }
}

/// The slot that boots next.
public enum BootSelection: Equatable, Sendable {
  /// The slot has proved itself.
  case confirmed(SlotIdentifier)
  /// The slot may boot this many times more before the other one takes over again.
  case trial(SlotIdentifier, attemptsLeft: UInt8)

  /// The slot itself.
  public var slot: SlotIdentifier {
    switch self {
    case .confirmed(let slot), .trial(let slot, _): slot
    }
  }
}

/// What is known of the images in a slot; all of them came with one manifest.
public struct ImageRecord: Equatable, Sendable {
  /// Digest and size of the first one; the boot manager holds the slot against them before every boot.
  public var image: ImageDescription
  /// Those beside it, on a device that has several; held against the slot likewise.
  public var companions: CompanionImages
  /// The sequence number of the manifest that brought it.
  public var sequenceNumber: SequenceNumber
  /// Its version.
  public var version: Version

  /// Makes a record from its parts.
  public init(
    image: ImageDescription, companions: CompanionImages = CompanionImages(),
    sequenceNumber: SequenceNumber, version: Version
  ) {
    self.image = image
    self.companions = companions
    self.sequenceNumber = sequenceNumber
    self.version = version
  }
}

/// The part of an update's life that must survive a loss of power.
public enum UpdateRecord: Equatable, Sendable {
  /// Nothing is going on.
  case idle
  /// The first `stagedBytes` bytes of the new image are in the inactive slot; of several images, counted one behind the
  /// other.
  case staging(Offer, stagedBytes: UInt32)
  /// The new image is selected for trial, or on trial.
  case applying(Offer)
  /// The old image is selected again, for this reason.
  case rollingBack(Offer, ErrorCode)
  /// The outcome is to be reported.
  case reporting(Report)
}

/// A verified update that is offered to the device.
public struct Offer: Equatable, Sendable {
  /// The digest of the envelope of its manifest.
  public var updateID: Digest
  /// The sequence number of its manifest.
  public var sequenceNumber: SequenceNumber
  /// The length of the image that it makes, in bytes; of several images, their sum.
  public var imageSize: UInt32

  /// Makes an offer from its parts.
  public init(updateID: Digest, sequenceNumber: SequenceNumber, imageSize: UInt32) {
    self.updateID = updateID
    self.sequenceNumber = sequenceNumber
    self.imageSize = imageSize
  }
}

/// How an update ended.
public struct Report: Equatable, Sendable {
  /// The end of an update, as seen by the device, with the reason if it is not a good one.
  public enum Outcome: Equatable, Hashable, Sendable {
    /// The new image booted, passed its health check and was confirmed.
    case installed
    /// The update was refused or could not be installed; the device runs what it ran before.
    case failed(ErrorCode)
    /// The new image booted, did not prove itself, and the old one runs again.
    case reverted(ErrorCode)

    /// The numbers of the outcomes in journals, receipts and databases; never reused.
    public enum Kind: UInt8, Sendable, CaseIterable {
      /// ``Outcome/installed``.
      case installed = 1
      /// ``Outcome/failed(_:)``.
      case failed = 2
      /// ``Outcome/reverted(_:)``.
      case reverted = 3
    }

    /// Puts an outcome together; `nil` if the reason is missing where there must be one, or is there where there is
    /// none.
    public init?(_ kind: Kind, code: ErrorCode?) {
      switch (kind, code) {
      case (.installed, nil): self = .installed
      case (.failed, .some(let code)): self = .failed(code)
      case (.reverted, .some(let code)): self = .reverted(code)
      case (.installed, .some), (.failed, nil), (.reverted, nil): return nil
      }
    }

    /// The outcome without its reason.
    public var kind: Kind {
      switch self {
      case .installed: .installed
      case .failed: .failed
      case .reverted: .reverted
      }
    }

    /// The reason, unless the update was installed.
    public var code: ErrorCode? {
      switch self {
      case .installed: nil
      case .failed(let code), .reverted(let code): code
      }
    }
  }

  /// The digest of the envelope of the update's manifest.
  public var updateID: Digest
  /// How it ended.
  public var outcome: Outcome

  /// Makes a report from its parts.
  public init(updateID: Digest, outcome: Outcome) {
    self.updateID = updateID
    self.outcome = outcome
  }
}
