public import OTACore
public import OTACrypto

/// One link of a verified boot: the running stage picks the next one, verifies it, measures it, and only then has
/// something to jump to.
///
/// The first stage has keys of its own for the second stage, and the second stage has keys of its own for the application.
/// Each of the two pictures below them has two slots and a journal, so that both are updated in the same way, with the same
/// guarantees. Docs/BootChain.md describes a whole device.
public struct BootChain: Sendable {
  /// What was measured so far: the stages that run, not yet the next one.
  public private(set) var measurements: MeasurementLog

  /// Begins a chain, in the first stage.
  public init() {
    measurements = MeasurementLog()
  }

  /// Goes on with the chain, in a later stage.
  ///
  /// If the hand-off cannot be read, begin a chain of your own: the device boots, and its measurement is one that nobody
  /// expects.
  ///
  /// - Parameter handOff: what the stage before has left.
  public init(continuing handOff: HandOff) {
    measurements = handOff.measurements
  }

  /// Measures something that is not started but decides how: settings, a table, the first stage's own version.
  ///
  /// - Parameters:
  ///   - kind: what it is.
  ///   - digest: its digest.
  /// - Throws: ``MeasurementError/logFull``.
  public mutating func measure(_ kind: StageKind, _ digest: Digest) throws(MeasurementError) {
    try measurements.extend(kind, with: digest)
  }

  /// Picks the next stage from its slots, or the golden image if neither can boot.
  ///
  /// ``BootManager`` decides first, by the journal: trial, attempts, revert, digest, security counter. Then the authority
  /// has to vouch for what is in the slot. If it does not, the trial is reverted with the authority's cause, or the other
  /// slot selected, and that one has to pass the same tests. Whatever is decided in the end is measured, before anything can
  /// jump to it.
  ///
  /// - Parameters:
  ///   - kind: what is in these slots.
  ///   - layout: where its slots and its journal are.
  ///   - authority: who vouches for it.
  ///   - recovery: the golden image.
  ///   - hash: the function of all digests.
  ///   - makeFlash: opens the device; as for ``BootLoader/start(layout:recovery:hash:opening:)``.
  /// - Returns: what to jump to; of kind ``StageKind/recovery`` if it is the golden image.
  /// - Throws: ``StartError``. After ``StartError/measurement(_:)`` an attempt of a trial may have been counted.
  /// - Complexity: as ``BootManager/boot(_:hash:)``, and one reading of what boots; after a refusal up to twice as much.
  public consuming func next<
    Device: Flash & ~Copyable, Authority: ImageAuthority & ~Copyable, Golden: ImageAuthority,
    Hash: HashFunction & ~Copyable
  >(
    _ kind: StageKind, layout: DeviceLayout, authority: borrowing Authority,
    recovery: RecoveryPartition<Golden>, hash: Hash.Type, opening makeFlash: () -> Device
  ) throws(StartError) -> VerifiedStage {
    var cause: ErrorCode
    var securityCounter: SequenceNumber?
    var found: StageCandidate?
    do throws(StorageError) {
      var storage = try BootLoader.open(layout: layout, recovery: recovery, makeFlash)
      do throws(StageRefusal) {
        found = try storage.nextStage(authority: authority, hash: Hash.self)
        cause = .noBootableImage
      } catch {
        guard !error.isPowerLoss else { throw StorageError.flash(.powerLost) }
        cause = error.code
      }
      securityCounter = storage.state.boot.securityCounter
    } catch {
      guard error != .flash(.powerLost) else { throw .powerLost }
      cause = error.code
    }
    if let found { return try verified(kind, found) }
    var flash = makeFlash()
    let golden = try BootLoader.recover(
      cause, securityCounter: securityCounter, recovery: recovery, hash: Hash.self, on: &flash)
    return try verified(golden)
  }

  /// Makes the golden image the next stage, whatever is in the slots.
  ///
  /// - Parameter recovery: of ``BootLoader/recover(_:securityCounter:recovery:hash:on:)``.
  /// - Returns: what to jump to.
  /// - Throws: ``StartError/measurement(_:)``.
  public consuming func recover(_ recovery: RecoveryDecision) throws(StartError) -> VerifiedStage {
    try verified(recovery)
  }

  // MARK: The only makers of a token: each measures what the token is for.

  private func verified(_ kind: StageKind, _ found: StageCandidate) throws(StartError) -> VerifiedStage {
    let log = try extended(kind, with: found.image.digest)
    return VerifiedStage(
      kind: kind, firmware: found.image.firmware,
      handOff: HandOff(found.decision, boot: found.boot, measurements: log))
  }

  private func verified(_ golden: RecoveryDecision) throws(StartError) -> VerifiedStage {
    let log = try extended(.recovery, with: golden.image.digest)
    return VerifiedStage(
      kind: .recovery, firmware: golden.image.firmware, handOff: HandOff(golden, measurements: log))
  }

  private func extended(_ kind: StageKind, with digest: Digest) throws(StartError) -> MeasurementLog {
    var log = measurements
    do throws(MeasurementError) {
      try log.extend(kind, with: digest)
    } catch {
      throw .measurement(error)
    }
    return log
  }
}
