public import OTAPartition
import Synchronization

/// A simulated device that several parts of a program hold: one drives it, another watches it and cuts its power.
public final class SharedFlash: Flash, Sendable {
  /// The sizes and rules of the device.
  public let geometry: FlashGeometry
  private let state: Mutex<SimulatedFlash>

  /// Puts a device where it can be shared.
  public init(_ flash: SimulatedFlash) {
    geometry = flash.geometry
    state = Mutex(flash)
  }

  /// Works on the device while nobody else does.
  ///
  /// - Parameter body: gets the device; must not call this object again.
  /// - Returns: what `body` returns.
  public func withFlash<Result: Sendable>(_ body: (inout sending SimulatedFlash) -> sending Result) -> Result
  {
    state.withLock(body)
  }

  /// A copy of the device as it is now.
  public var snapshot: SimulatedFlash { withFlash { $0 } }

  /// Reads bytes.
  public func read(into destination: inout MutableSpan<UInt8>, at offset: UInt32) throws(FlashError) {
    try state.withLock { (flash) throws(FlashError) in try flash.read(into: &destination, at: offset) }
  }

  /// Writes bytes.
  public func write(_ source: Span<UInt8>, at offset: UInt32) throws(FlashError) {
    try state.withLock { (flash) throws(FlashError) in try flash.write(source, at: offset) }
  }

  /// Erases blocks.
  public func erase(_ range: Range<UInt32>) throws(FlashError) {
    try state.withLock { (flash) throws(FlashError) in try flash.erase(range) }
  }
}
