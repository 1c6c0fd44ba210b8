public import OTAPartition
import Synchronization

/// Simulated flash whose contents are in a file: every operation is in the file when it returns, so that they outlive
/// the process however it ends.
///
/// Counters, clock, log, wear, bad blocks and unstable bits are in memory. When a file is opened again, unstable bits
/// have settled, all blocks are new and good, and a unit counts as written if it is not all erased. Several parts of a program may hold the same object; two processes must
/// not open the same file.
public final class FileFlash: Flash, Sendable {
  private struct State: ~Copyable {
    var flash: SimulatedFlash
    let file: BackingFile
    var failure: FileFlashError?
  }

  /// The sizes and rules of the device.
  public let geometry: FlashGeometry
  /// Where the contents are.
  public let path: String
  private let state: Mutex<State>

  /// Makes a file with an erased device.
  ///
  /// - Throws: ``FileFlashError/alreadyExists(path:)``, ``FileFlashError/diskFull(path:)``, and what else the operating
  ///   system has against it; no file is left then.
  public init(creating path: String, geometry: FlashGeometry) throws(FileFlashError) {
    let file = try BackingFile(creating: path, size: UInt64(geometry.capacity))
    let flash = SimulatedFlash(geometry)
    try file.write(flash.contents, at: 0)
    self.geometry = geometry
    self.path = path
    state = Mutex(State(flash: flash, file: file))
  }

  /// Opens a file that holds a device of this geometry.
  ///
  /// - Throws: ``FileFlashError/notFound(path:)``, ``FileFlashError/wrongSize(path:expected:found:)``,
  ///   ``FileFlashError/notPermitted(path:)``, ``FileFlashError/notAFile(path:)``.
  public init(opening path: String, geometry: FlashGeometry) throws(FileFlashError) {
    let file = try BackingFile(opening: path, size: UInt64(geometry.capacity))
    var flash = SimulatedFlash(geometry)
    flash.setContents(try file.read(size: Int(geometry.capacity)))
    self.geometry = geometry
    self.path = path
    state = Mutex(State(flash: flash, file: file))
  }

  /// Reads bytes.
  public func read(into destination: inout MutableSpan<UInt8>, at offset: UInt32) throws(FlashError) {
    try state.withLock { (state) throws(FlashError) in try state.flash.read(into: &destination, at: offset) }
  }

  /// Writes bytes; also what an interrupted or failed write leaves is in the file.
  public func write(_ source: Span<UInt8>, at offset: UInt32) throws(FlashError) {
    try state.withLock { (state) throws(FlashError) in
      // Without power nothing changes, and nothing about the range was checked.
      guard state.flash.isPowered else { throw .powerLost }
      var result: FlashError?
      do throws(FlashError) { try state.flash.write(source, at: offset) } catch { result = error }
      if FileFlash.mayHaveChanged(result) {
        try FileFlash.save(offset..<offset + UInt32(source.count), of: &state)
      }
      if let result { throw result }
    }
  }

  /// Erases blocks; also what an interrupted or failed erase leaves is in the file.
  public func erase(_ range: Range<UInt32>) throws(FlashError) {
    try state.withLock { (state) throws(FlashError) in
      // Without power nothing changes, and nothing about the range was checked.
      guard state.flash.isPowered else { throw .powerLost }
      var result: FlashError?
      do throws(FlashError) { try state.flash.erase(range) } catch { result = error }
      if FileFlash.mayHaveChanged(result) { try FileFlash.save(range, of: &state) }
      if let result { throw result }
    }
  }

  /// A copy of the device as it is now, in memory.
  public var snapshot: SimulatedFlash { state.withLock { $0.flash } }

  /// Work done since this object was made.
  public var counters: SimulatedFlash.Counters { state.withLock { $0.flash.counters } }

  /// What the operating system had against an operation that threw `FlashError.deviceFailure`.
  public var failure: FileFlashError? { state.withLock { $0.failure } }

  /// Works on the simulated device while nobody else does: bad blocks, endurance, timing, the log, bit rot.
  ///
  /// Whatever `body` changes of the contents is in the file when this returns.
  ///
  /// - Parameter body: gets the device, and must leave one of the same geometry; must not call this object again.
  /// - Returns: what `body` returns.
  /// - Throws: ``FileFlashError``, if the changes cannot be written to the file; the device in memory has them.
  /// - Precondition: the geometry is the same afterwards.
  public func withFlash<Result: Sendable>(
    _ body: (inout SimulatedFlash) -> Result
  ) throws(FileFlashError) -> Result {
    try state.withLock { (state) throws(FileFlashError) in
      let before = state.flash
      let result = body(&state.flash)
      precondition(state.flash.geometry == before.geometry, "the same device")
      try FileFlash.saveChanges(since: before, of: &state)
      return result
    }
  }

  /// Cuts the power at an operation to come, see ``SimulatedFlash/cutPower(atOperation:outcome:)``.
  public func cutPower(atOperation operation: Int, outcome: TornOutcome) {
    state.withLock { $0.flash.cutPower(atOperation: operation, outcome: outcome) }
  }

  /// Brings the power back, see ``SimulatedFlash/restorePower(seed:)``.
  ///
  /// Should the operating system refuse to store weak bits that are lost now, ``failure`` says so.
  public func restorePower(seed: UInt64 = 0) {
    state.withLock { state in
      let before = state.flash
      state.flash.restorePower(seed: seed)
      do throws(FileFlashError) {
        try FileFlash.saveChanges(since: before, of: &state)
      } catch {
        state.failure = error
      }
    }
  }

  /// Whether an operation that ended so has come as far as the cells.
  private static func mayHaveChanged(_ error: FlashError?) -> Bool {
    switch error {
    case nil, .powerLost, .deviceFailure: true
    case .outOfBounds, .notAligned, .notErased: false
    }
  }

  /// Writes the blocks that differ from those of an earlier copy.
  private static func saveChanges(
    since before: SimulatedFlash, of state: inout State
  ) throws(FileFlashError) {
    for range in state.flash.blocksThatDiffer(from: before) {
      try state.file.write(state.flash.contents(of: range), at: UInt64(range.lowerBound))
    }
  }

  private static func save(_ range: Range<UInt32>, of state: inout State) throws(FlashError) {
    guard range.upperBound <= state.flash.geometry.capacity else { return }
    do throws(FileFlashError) {
      try state.file.write(state.flash.contents(of: range), at: UInt64(range.lowerBound))
    } catch {
      state.failure = error
      throw .deviceFailure
    }
  }
}
