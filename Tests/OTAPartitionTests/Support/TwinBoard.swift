import OTAFlashSimulator
import OTAPartition
import Synchronization

/// Two simulated devices on one power supply: whichever operation the power goes in, it is gone on both.
final class TwinBoard: Sendable {
  /// One of the two devices.
  struct Port: Flash, Sendable {
    let board: TwinBoard
    let index: Int
    let geometry: FlashGeometry

    mutating func read(into destination: inout MutableSpan<UInt8>, at offset: UInt32) throws(FlashError) {
      try board.devices.withLock { (devices) throws(FlashError) in
        try devices[index].read(into: &destination, at: offset)
      }
    }

    mutating func write(_ source: Span<UInt8>, at offset: UInt32) throws(FlashError) {
      try board.devices.withLock { (devices) throws(FlashError) in
        defer { TwinBoard.cutBoth(&devices) }
        try devices[index].write(source, at: offset)
      }
    }

    mutating func erase(_ range: Range<UInt32>) throws(FlashError) {
      try board.devices.withLock { (devices) throws(FlashError) in
        defer { TwinBoard.cutBoth(&devices) }
        try devices[index].erase(range)
      }
    }
  }

  let devices: Mutex<[SimulatedFlash]>

  init(_ devices: [SimulatedFlash]) {
    self.devices = Mutex(devices)
  }

  var snapshots: [SimulatedFlash] { devices.withLock { $0 } }

  func restorePower(seed: UInt64) {
    devices.withLock { devices in
      for index in devices.indices { devices[index].restorePower(seed: seed &+ UInt64(index)) }
    }
  }

  /// Both as one device.
  func joined() throws(LayoutError) -> JoinedFlash<Port, Port> {
    let geometries = snapshots.map(\.geometry)
    return try JoinedFlash(
      Port(board: self, index: 0, geometry: geometries[0]),
      Port(board: self, index: 1, geometry: geometries[1]))
  }

  private static func cutBoth(_ devices: inout [SimulatedFlash]) {
    guard devices.contains(where: { !$0.isPowered }) else { return }
    for index in devices.indices { devices[index].cutPower() }
  }
}
