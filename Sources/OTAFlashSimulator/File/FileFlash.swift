public import OTAPartition
import Synchronization

/// Simulated flash whose contents are in a file: every operation is in the file when it returns, so that they outlive
/// the process however it ends.
///
/// Counters, wear and unstable bits are in memory. When a file is opened again, unstable bits have settled, and a unit
/// counts as written if it is not all erased. Several parts of a program may hold the same object; two processes must
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

  /// Writes bytes; also what an interrupted write leaves is in the file.
  public func write(_ source: Span<UInt8>, at offset: UInt32) throws(FlashError) {
    try state.withLock { (state) throws(FlashError) in
      // Without power nothing changes, and nothing about the range was checked.
      guard state.flash.isPowered else { throw .powerLost }
      var result: FlashError?
      do throws(FlashError) { try state.flash.write(source, at: offset) } catch { result = error }
      if result == nil || result == .powerLost {
        try FileFlash.save(offset..<offset + UInt32(source.count), of: &state)
      }
      if let result { throw result }
    }
  }

  /// Erases blocks; also what an interrupted erase leaves is in the file.
  public func erase(_ range: Range<UInt32>) throws(FlashError) {
    try state.withLock { (state) throws(FlashError) in
      // Without power nothing changes, and nothing about the range was checked.
      guard state.flash.isPowered else { throw .powerLost }
      var result: FlashError?
      do throws(FlashError) { try state.flash.erase(range) } catch { result = error }
      if result == nil || result == .powerLost { try FileFlash.save(range, of: &state) }
      if let result { throw result }
    }
  }

  /// A copy of the device as it is now, in memory.
  public var snapshot: SimulatedFlash { state.withLock { $0.flash } }

  /// Work done since this object was made.
  public var counters: SimulatedFlash.Counters { state.withLock { $0.flash.counters } }

  /// What the operating system had against an operation that threw `FlashError.deviceFailure`.
  public var failure: FileFlashError? { state.withLock { $0.failure } }

  /// Cuts the power at an operation to come, see ``SimulatedFlash/cutPower(atOperation:outcome:)``.
  public func cutPower(atOperation operation: Int, outcome: TornOutcome) {
    state.withLock { $0.flash.cutPower(atOperation: operation, outcome: outcome) }
  }

  /// Brings the power back, see ``SimulatedFlash/restorePower(seed:)``.
  public func restorePower(seed: UInt64 = 0) {
    state.withLock { $0.flash.restorePower(seed: seed) }
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
