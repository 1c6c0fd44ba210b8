import OTAFlashSimulator
import OTAInPlace
import OTAPartition
import OTATesting
import Testing

/// A device with small blocks: slot, store and journal one behind the other, with a block of somebody else's between.
struct TestBoard: Sendable, CustomTestStringConvertible {
  var name: String
  var geometry: FlashGeometry
  var layout: InPlaceLayout
  var oldSize: Int
  var newSize: Int
  var shape: InPlaceScenario.Shape
  var writeToUsed: SimulatedFlash.WriteToUsed

  var testDescription: String { name }

  /// Makes a device with room for the two images, and so many blocks more.
  init(
    writeSize: UInt32, blockSize: UInt32 = 128, oldSize: Int, newSize: Int, shape: InPlaceScenario.Shape,
    slack: UInt32 = 0, erasedByte: UInt8 = 0xff, isMultiwrite: Bool = false,
    writeToUsed: SimulatedFlash.WriteToUsed = .isRefused
  ) throws {
    func blocks(_ count: Int) -> UInt32 { (UInt32(count) + blockSize - 1) / blockSize }
    let slot = blocks(max(oldSize, newSize)) + shape.shift + slack
    let store = blocks(oldSize + newSize + 48)
    // Four records of up to 480 bytes.
    let area = blocks(4 * 480)
    geometry = try FlashGeometry(
      eraseBlockSize: blockSize, blockCount: slot + 1 + store + 2 * area, writeSize: writeSize,
      erasedByte: erasedByte, isMultiwrite: isMultiwrite)
    let end = (slot + 1 + store) * blockSize
    layout = try InPlaceLayout(
      slot: 0..<slot * blockSize, store: (slot + 1) * blockSize..<end,
      journalA: end..<end + area * blockSize, journalB: end + area * blockSize..<end + 2 * area * blockSize,
      on: geometry)
    name =
      "units of \(writeSize), blocks of \(blockSize), \(oldSize) to \(newSize) bytes, shift \(shape.shift), "
      + "segments of \(shape.segment), \(slack) blocks free"
    self.oldSize = oldSize
    self.newSize = newSize
    self.shape = shape
    self.writeToUsed = writeToUsed
  }

  /// Small and large units; images that grow, shrink and stay; much room and little.
  static func all() throws -> [TestBoard] {
    [
      try TestBoard(writeSize: 1, oldSize: 300, newSize: 333, shape: .init(shift: 1, segment: 1)),
      try TestBoard(
        writeSize: 4, oldSize: 500, newSize: 200, shape: .init(shift: 2, segment: 1), slack: 3,
        erasedByte: 0, isMultiwrite: true, writeToUsed: .isUndefined),
      try TestBoard(
        writeSize: 8, oldSize: 390, newSize: 640, shape: .init(shift: 2, segment: 2),
        writeToUsed: .isUndefined),
      try TestBoard(writeSize: 32, oldSize: 384, newSize: 384, shape: .init(shift: 4, segment: 3), slack: 1),
    ]
  }

  func scenario(_ fate: InPlaceScenario.Fate) throws -> InPlaceScenario {
    try InPlaceScenario(
      geometry: geometry, layout: layout, oldSize: oldSize, newSize: newSize, shape: shape, fate: fate,
      writeToUsed: writeToUsed)
  }
}
