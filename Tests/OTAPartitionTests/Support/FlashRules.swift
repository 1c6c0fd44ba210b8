import OTAFlashSimulator
import OTAPartition

/// Small devices with every unit of writing, each with both erased values, with cells that are written once or again.
enum FlashRules {
  static let writeSizes: [UInt32] = [1, 2, 4, 8, 16, 32]

  /// 24 geometries; the larger units are also units of reading on every other one.
  static func all() throws(LayoutError) -> [FlashGeometry] {
    var geometries: [FlashGeometry] = []
    for writeSize in writeSizes {
      for erasedByte: UInt8 in [0xff, 0x00] {
        for isMultiwrite in [false, true] {
          geometries.append(
            try FlashGeometry(
              eraseBlockSize: 512, blockCount: 4, writeSize: writeSize,
              readSize: (erasedByte == 0xff) == isMultiwrite ? 1 : writeSize, erasedByte: erasedByte,
              isMultiwrite: isMultiwrite))
        }
      }
    }
    return geometries
  }
}

extension BlockFaults {
  /// The five ways, one by one.
  static let each: [BlockFaults] = [.programError, .eraseError, .readError, .programIgnored, .eraseIgnored]
}
