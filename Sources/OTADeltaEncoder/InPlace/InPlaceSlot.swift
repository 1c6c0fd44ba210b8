/// The place where an image is replaced by another.
public struct InPlaceSlot: Equatable, Sendable {
  /// How many bytes it has, a multiple of ``eraseSize``.
  public let size: UInt32
  /// How many bytes each of its erase blocks has.
  public let eraseSize: UInt32

  /// Describes a slot; nil if it is not made of whole blocks.
  ///
  /// - Parameters:
  ///   - size: in bytes.
  ///   - eraseSize: of its blocks, in bytes.
  public init?(size: UInt32, eraseSize: UInt32) {
    guard eraseSize > 0, size % eraseSize == 0, size <= UInt32(Int32.max) else { return nil }
    self.size = size
    self.eraseSize = eraseSize
  }

  /// How many blocks an image takes.
  func blockCount(_ imageSize: Int) -> UInt32 {
    UInt32((imageSize + Int(eraseSize) - 1) / Int(eraseSize))
  }

  /// How far the old image is moved up and how large the segments are, in bytes: the choices to try, the best guess first.
  ///
  /// Code that was inserted makes the new image run ahead of the old one. Where segments are as large as the shift, it may
  /// not run ahead at all, and with smaller ones by the difference; but each segment learns from its own bytes only.
  ///
  /// - Returns: none if the slot has no block to spare beside the old image, or is smaller than the new one.
  func divisions(oldSize: Int, newSize: Int) -> [(shift: UInt32, segmentSize: UInt32)] {
    let blocks = size / eraseSize
    let oldBlocks = blockCount(oldSize)
    let newBlocks = max(1, blockCount(newSize))
    guard oldBlocks < blocks, newBlocks <= blocks else { return [] }
    let shift = blocks - oldBlocks
    var result: [(UInt32, UInt32)] = []
    var spare: UInt32 = 0
    while spare < shift {
      let segment = min(shift - spare, newBlocks)
      if result.last.map({ $0.1 != segment * eraseSize }) ?? true {
        result.append((min(shift, segment + spare) * eraseSize, segment * eraseSize))
      }
      spare = max(1, spare * 2)
    }
    if shift > 1, result.last?.1 != eraseSize { result.append((shift * eraseSize, eraseSize)) }
    return result
  }
}
