public import OTACore

/// What one entry of a measurement is about.
///
/// The kinds are for the reader: as with the types of a TCG event log, only the digests are in the value.
public enum StageKind: UInt8, Sendable {
  /// The first stage: what the hardware starts, and nothing verifies.
  case firstStage = 1
  /// The second stage: a boot loader that is updated like an application.
  case secondStage = 2
  /// The application.
  case application = 3
  /// The golden image, which recovers the device.
  case recovery = 4
  /// Something that is not started but decides how: settings, a device tree, a table.
  case configuration = 5
}

/// Why a measurement was refused.
public enum MeasurementError: UInt8, Error, Equatable, Sendable {
  /// The log holds ``MeasurementLog/capacity`` entries.
  case logFull

  /// The stable number of this error.
  public var code: ErrorCode { .capacityExceeded }
}

/// A measurement together with what it was extended with, so that a reader can tell which images it stands for.
///
/// The two cannot part: the only way to change either is ``extend(_:with:)``, and a log that was stored is refused if its
/// entries do not lead to its value.
public struct MeasurementLog: Equatable, Sendable {
  /// The most entries that a log holds.
  public static var capacity: Int { 8 }

  /// One extension.
  public struct Entry: Equatable, Sendable {
    /// What was about to be started.
    public var kind: StageKind
    /// The digest that the value was extended with: SHA-256.
    public var digest: Digest

    /// Makes an entry from its parts.
    public init(kind: StageKind, digest: Digest) {
      self.kind = kind
      self.digest = digest
    }
  }

  /// The value after all entries.
  public private(set) var measurement: Measurement
  /// How many entries there are.
  public private(set) var count: Int
  private var entries: InlineArray<8, Entry>

  /// Makes an empty log, whose value is zero.
  public init() {
    measurement = Measurement()
    count = 0
    entries = InlineArray(repeating: Entry(kind: .firstStage, digest: Measurement().value))
  }

  /// The entry with this index, the oldest first.
  ///
  /// - Precondition: the index is from 0 to ``count`` - 1.
  public subscript(index: Int) -> Entry {
    precondition(index >= 0 && index < count, "no such entry")
    return entries[index]
  }

  /// Appends an entry and extends the value with it.
  ///
  /// - Parameters:
  ///   - kind: what is about to be started.
  ///   - digest: its digest; see ``Measurement/extend(with:)`` for functions other than SHA-256.
  /// - Throws: ``MeasurementError/logFull``, and then nothing has changed: an entry is never dropped to make room.
  public mutating func extend(_ kind: StageKind, with digest: Digest) throws(MeasurementError) {
    guard count < MeasurementLog.capacity else { throw .logFull }
    entries[count] = Entry(kind: kind, digest: digest.measured)
    count += 1
    measurement.extend(with: digest)
  }

  /// Computes the value that the entries lead to, from zero on.
  ///
  /// It always equals ``measurement``. Whoever gets the value from elsewhere (a register, a signed quote) holds it
  /// against this to know which images it stands for.
  ///
  /// - Returns: the value.
  public func replay() -> Measurement {
    var value = Measurement()
    for index in 0..<count { value.extend(with: entries[index].digest) }
    return value
  }

  /// Compares values and all entries, in order.
  public static func == (left: MeasurementLog, right: MeasurementLog) -> Bool {
    guard left.count == right.count, left.measurement == right.measurement else { return false }
    for index in 0..<left.count where left.entries[index] != right.entries[index] { return false }
    return true
  }
}
