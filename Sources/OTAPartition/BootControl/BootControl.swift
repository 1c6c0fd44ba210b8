public import OTACore

/// What tells a boot loader which of two slots to boot, in whatever layout that boot loader reads.
///
/// An agent works with this protocol alone, and runs under our own boot manager (``DeviceStorage``) as well as under
/// boot loaders that have long been in the field (``EspressifOTAData``, ``UBootEnvironment``, ``MCUbootTrailer``).
///
/// What is selected is a `BootSelection`:
/// - `confirmed(slot)`: the slot boots;
/// - `trial(slot, attemptsLeft: n)`: the slot boots at most `n` times more; with 0 left, the next start goes back to
///   what was selected before, unless ``confirm(_:)`` comes first.
///
/// ## What power loss leaves
/// Whatever operation the power goes in, what was selected before is selected, or what was requested; never nothing.
///
/// - Note: Source: project decision, Docs/BootControl.md.
public protocol BootControl: ~Copyable {
  /// The most attempts that a trial can have in this layout; at least 1.
  var maximumAttempts: UInt8 { get }

  /// What boots next.
  ///
  /// After a cut it first decides what the cut has left undecided, so that the answer stays true: at most one erase.
  ///
  /// - Returns: `nil` if neither slot is selected: nothing valid is there, all attempts are used up, or the boot loader
  ///   goes to something else, as a factory or recovery image. That is *not* an error.
  /// - Throws: ``StorageError/flash(_:)`` if nothing valid could be read and the device failed;
  ///   ``StorageError/record(_:)`` if what counts cannot be understood.
  mutating func selection() throws(StorageError) -> BootSelection?

  /// Selects a slot for a trial.
  ///
  /// The caller vouches for the image in the slot: boot loaders verify what they boot, this does not.
  ///
  /// - Parameters:
  ///   - slot: what to boot.
  ///   - attempts: how often it may boot without being confirmed; ``maximumAttempts`` if that is less.
  /// - Throws: ``StorageError/slotInUse`` if the slot is selected already, or a trial has not ended;
  ///   ``StorageError/slotEmpty`` or ``StorageError/journalEmpty`` if there is nothing to select or to select it in;
  ///   ``StorageError/flash(_:)``. Only after the last may the selection have changed.
  /// - Precondition: `attempts` is not 0.
  mutating func requestTrial(of slot: SlotIdentifier, attempts: UInt8) throws(StorageError)

  /// Ends a trial: the slot has proved itself.
  ///
  /// Confirming what is confirmed is *not* an error.
  ///
  /// - Parameter slot: the one that runs. It must be named, since after a failed trial the other one runs, and must not
  ///   confirm what it was meant to replace it.
  /// - Throws: ``StorageError/notOnTrial`` if the slot is not selected; ``StorageError/flash(_:)``.
  mutating func confirm(_ slot: SlotIdentifier) throws(StorageError)

  /// Gives a trial up: what was selected before boots next.
  ///
  /// - Parameter cause: why; kept where the layout has a place for it.
  /// - Throws: ``StorageError/notOnTrial``; ``StorageError/slotEmpty`` if nothing else could boot;
  ///   ``StorageError/flash(_:)``.
  mutating func revert(_ cause: ErrorCode) throws(StorageError)
}
