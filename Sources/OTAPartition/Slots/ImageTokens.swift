import OTACore

/// A position in the inactive slot, to write the image of one update from; several images one behind the other, in the
/// order of the layout.
///
/// Made by ``DeviceStorage/beginStaging(_:offer:)`` only. Bytes that do not fill a unit of writing wait in it.
public struct SlotWriter: ~Copyable, Sendable {
  let staging: Staging
  /// How many bytes are in flash.
  var written: UInt32
  /// Up to where the journal knows.
  var checkpoint: UInt32
  /// Bytes of a unit of writing that is not yet complete.
  var pending = InlineArray<32, UInt8>(repeating: 0)
  var pendingCount = 0
  /// Set by an error; what is in the slot is then not known.
  var hasFailed = false

  init(staging: consuming Staging, written: UInt32) {
    self.staging = staging
    self.written = written
    self.checkpoint = written
  }

  /// How many bytes of the image were staged: those in flash and those that wait for the rest of their unit.
  public var offset: UInt32 { written + UInt32(pendingCount) }

  /// How many bytes of the image are still to come.
  public var remaining: UInt32 { staging.size - offset }
}

/// A whole image in the inactive slot that nobody has verified yet.
///
/// Made by ``DeviceStorage/finish(_:)`` only.
public struct StagedImage: ~Copyable, Sendable {
  let staging: Staging

  init(staging: Staging) { self.staging = staging }
}

/// An image whose bytes were read back from the inactive slot and have the digest of a verified manifest.
///
/// Made by ``DeviceStorage/verify(_:using:)`` only: a program that activates anything else does not compile.
public struct VerifiedImage: ~Copyable, Sendable {
  let staging: Staging

  init(staging: Staging) { self.staging = staging }
}

/// What a staging is about; the same in all of its tokens.
struct Staging: Sendable {
  var slot: SlotIdentifier
  var offer: Offer
  var record: ImageRecord
  /// The length of all images.
  var size: UInt32
  /// Which staging of the storage it is: tokens of an earlier one are void.
  var generation: UInt32
}
