import OTACore

/// A position in the store, to write the payload of one update from.
///
/// Made by ``InPlaceStorage/beginStaging(_:)`` only. A staging is not resumed: after a loss of power it begins anew.
public struct StoreWriter: ~Copyable, Sendable {
  let staging: InPlaceStaging
  /// How many bytes are in flash.
  var written: UInt32 = 0
  /// Bytes that do not yet fill what is written at a time.
  var pending = InlineArray<256, UInt8>(repeating: 0)
  var pendingCount = 0
  /// Set by an error; what is in the store is then not known.
  var hasFailed = false

  init(staging: InPlaceStaging) { self.staging = staging }

  /// How many bytes of the payload were taken.
  public var offset: UInt32 { written + UInt32(pendingCount) }

  /// How many bytes of the payload are still to come.
  public var remaining: UInt32 { staging.update.payloadSize - offset }
}

/// A payload that was read back from the store and has the digest of a verified manifest.
///
/// Made by ``InPlaceStorage/finish(_:)`` only: a program that starts an update with anything else does not compile.
public struct VerifiedPayload: ~Copyable, Sendable {
  let staging: InPlaceStaging

  init(staging: InPlaceStaging) { self.staging = staging }
}

/// What a staging is about.
struct InPlaceStaging: Sendable {
  var update: InPlaceUpdate
  /// Which staging of the storage it is.
  var generation: UInt32
}
