#if arch(arm)
public import OTAPartition
import Startup

/// Flash in a file of the host, by way of semihosting: for boards whose emulator has none that outlives it.
///
/// The file keeps the rules of flash because this driver does: a unit is written once, and erased by the block.
public struct HostFileFlash: ~Copyable, Flash {
  /// Sizes and rules; those of ``BoardMap``.
  public let geometry: FlashGeometry
  private let isPresent: Bool

  /// Opens the file; if it cannot be opened, each operation fails.
  public init() {
    do throws(LayoutError) {
      geometry = try FlashGeometry(
        eraseBlockSize: BoardMap.blockSize, blockCount: BoardMap.writable.upperBound / BoardMap.blockSize,
        writeSize: BoardMap.writeSize)
    } catch {
      preconditionFailure("the sizes of the board are valid")
    }
    isPresent = ota_host_open() == 0
  }

  /// Reads bytes.
  public mutating func read(into destination: inout MutableSpan<UInt8>, at offset: UInt32) throws(FlashError)
  {
    try geometry.checkRead(at: offset, count: destination.count)
    guard isPresent else { throw .deviceFailure }
    let isRead = unsafe destination.withUnsafeMutableBufferPointer { bytes in
      guard let start = bytes.baseAddress else { return true }
      return unsafe ota_host_read(offset, start, UInt32(bytes.count)) == 0
    }
    guard isRead else { throw .deviceFailure }
  }

  /// Writes units that are erased.
  public mutating func write(_ source: Span<UInt8>, at offset: UInt32) throws(FlashError) {
    try geometry.checkWrite(at: offset, count: source.count)
    guard !source.isEmpty else { return }
    let end = offset + UInt32(source.count)
    try requireWritable(offset..<end)
    try requireErased(offset..<end)
    // One operation is up to 64 bytes, as of a chip with a row buffer.
    var position = offset
    while position < end {
      let count = min(64 - position % 64, end - position)
      let first = Int(position - offset)
      let isLast = PowerCut.isDue()
      // Of what the power goes in, half is there.
      let whole = isLast ? count / 2 / BoardMap.writeSize * BoardMap.writeSize : count
      try put(source.extracting(first..<first + Int(whole)), at: position)
      if isLast {
        var torn = InlineArray<8, UInt8>(repeating: 0)
        for index in 0..<8 { torn[index] = source[first + Int(whole) + index] | 0x55 }
        try put(torn.span, at: position + whole)
        PowerCut.cut()
      }
      position += count
    }
  }

  /// Erases block after block.
  public mutating func erase(_ range: Range<UInt32>) throws(FlashError) {
    try geometry.checkErase(range)
    guard !range.isEmpty else { return }
    try requireWritable(range)
    var position = range.lowerBound
    while position < range.upperBound {
      let isLast = PowerCut.isDue()
      let end = isLast ? position + BoardMap.blockSize / 2 : position + BoardMap.blockSize
      let erased = InlineArray<64, UInt8>(repeating: geometry.erasedByte)
      while position < end {
        try put(erased.span, at: position)
        position += 64
      }
      if isLast { PowerCut.cut() }
    }
  }

  private func requireWritable(_ range: Range<UInt32>) throws(FlashError) {
    guard isPresent, range.lowerBound >= BoardMap.writable.lowerBound else { throw .deviceFailure }
  }

  private mutating func requireErased(_ range: Range<UInt32>) throws(FlashError) {
    var buffer = InlineArray<64, UInt8>(repeating: 0)
    var position = range.lowerBound
    while position < range.upperBound {
      let count = Int(min(64, range.upperBound - position))
      var whole = buffer.mutableSpan
      var window = whole._mutatingExtracting(0..<count)
      try read(into: &window, at: position)
      for index in 0..<count where buffer[index] != geometry.erasedByte { throw .notErased }
      position += UInt32(count)
    }
  }

  private func put(_ source: Span<UInt8>, at offset: UInt32) throws(FlashError) {
    let isWritten = unsafe source.withUnsafeBufferPointer { bytes in
      guard let start = bytes.baseAddress else { return true }
      return unsafe ota_host_write(offset, start, UInt32(bytes.count)) == 0
    }
    guard isWritten else { throw .deviceFailure }
  }
}
#endif
