public import OTAPartition
import Synchronization

/// A simulated device that several parts of a program hold: one drives it, another watches it and cuts its power.
public final class SharedFlash: Flash, Sendable {
  /// The sizes and rules of the device.
  public let geometry: FlashGeometry
  private let state: Mutex<SimulatedFlash>
  /// What was done since the recording began; `nil` while there is none.
  private let recording = Mutex<[RecordedOperation]?>(nil)

  /// Puts a device where it can be shared.
  public init(_ flash: SimulatedFlash) {
    geometry = flash.geometry
    state = Mutex(flash)
  }

  /// Works on the device while nobody else does.
  ///
  /// Operations that `body` carries out are not recorded.
  ///
  /// - Parameter body: gets the device; must not call this object again.
  /// - Returns: what `body` returns.
  public func withFlash<Result: Sendable>(_ body: (inout sending SimulatedFlash) -> sending Result) -> Result
  {
    state.withLock(body)
  }

  // MARK: Recording

  /// Keeps every operation that changes the contents from now on, each with the device before it.
  ///
  /// Operations that are refused change nothing and are left out, and so are those that are carried out on the device
  /// itself in ``withFlash(_:)``.
  public func startRecording() {
    recording.withLock { $0 = [] }
  }

  /// Ends the recording.
  ///
  /// - Returns: what was recorded, oldest first.
  public func stopRecording() -> [RecordedOperation] {
    recording.withLock { operations in
      defer { operations = nil }
      return operations ?? []
    }
  }

  /// Carries an operation out and keeps it, if it was not refused.
  private func recorded(
    _ kind: SimulatedFlash.Operation.Kind, _ range: Range<UInt32>, _ bytes: [UInt8],
    on flash: inout SimulatedFlash, body: (inout SimulatedFlash) throws(FlashError) -> Void
  ) throws(FlashError) {
    flash.rememberHashes()
    let before = flash
    defer {
      if flash.counters.modifications != before.counters.modifications {
        let operation = SimulatedFlash.Operation(kind: kind, range: range)
        recording.withLock { $0?.append(RecordedOperation(operation, before: before, bytes: bytes)) }
      }
    }
    try body(&flash)
  }

  // MARK: Flash

  /// A copy of the device as it is now.
  public var snapshot: SimulatedFlash { withFlash { $0 } }

  /// Reads bytes.
  public func read(into destination: inout MutableSpan<UInt8>, at offset: UInt32) throws(FlashError) {
    try state.withLock { (flash) throws(FlashError) in try flash.read(into: &destination, at: offset) }
  }

  /// Writes bytes.
  public func write(_ source: Span<UInt8>, at offset: UInt32) throws(FlashError) {
    try state.withLock { (flash) throws(FlashError) in
      guard isRecording else { return try flash.write(source, at: offset) }
      var bytes: [UInt8] = []
      bytes.reserveCapacity(source.count)
      for index in 0..<source.count { bytes.append(source[index]) }
      let end = offset.addingReportingOverflow(UInt32(clamping: source.count))
      // A range that ends outside is refused.
      let range = offset..<(end.overflow ? .max : end.partialValue)
      try recorded(.write, range, bytes, on: &flash) { (flash) throws(FlashError) in
        try flash.write(bytes.span, at: offset)
      }
    }
  }

  /// Erases blocks.
  public func erase(_ range: Range<UInt32>) throws(FlashError) {
    try state.withLock { (flash) throws(FlashError) in
      guard isRecording else { return try flash.erase(range) }
      try recorded(.erase, range, [], on: &flash) { (flash) throws(FlashError) in try flash.erase(range) }
    }
  }

  private var isRecording: Bool { recording.withLock { $0 != nil } }
}
