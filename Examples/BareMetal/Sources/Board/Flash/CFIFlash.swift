#if arch(riscv32)
public import OTAPartition
import Startup

/// Flash with the command set of Intel, two chips of 16 bits side by side, mapped into memory.
///
/// Commands and status are doubled, one half for each chip. A bank answers with its status and not with its contents while
/// a command is being done: code that runs from it cannot write it, and this driver refuses to.
///
/// - Note: Source: Intel, "Common Flash Interface (CFI) and Command Sets", AP-646; JEDEC JESD68.01 for the query.
public struct CFIFlash: ~Copyable, Flash {
  /// Both banks, as the query describes one of them.
  public let geometry: FlashGeometry
  /// How many bytes are written with one command, by both chips together.
  private let bufferSize: UInt32
  private let isPresent: Bool

  private static var base: UInt { BoardMap.flashBase }
  /// How often the status is read before a chip counts as broken: a minute and more of any real part.
  private static var patience: UInt32 { 100_000_000 }

  /// Asks the second bank what it is; if it does not answer, each operation fails.
  public init() {
    let query = CFIQuery(bank: CFIFlash.base + UInt(BoardMap.bankSize))
    isPresent = query.isValid
    bufferSize = query.bufferSize
    do throws(LayoutError) {
      geometry = try FlashGeometry(
        eraseBlockSize: query.blockSize, blockCount: 2 * BoardMap.bankSize / query.blockSize, writeSize: 4)
    } catch {
      preconditionFailure("a query has valid sizes")
    }
  }

  /// Reads bytes.
  public mutating func read(into destination: inout MutableSpan<UInt8>, at offset: UInt32) throws(FlashError)
  {
    try geometry.checkRead(at: offset, count: destination.count)
    guard isPresent else { throw .deviceFailure }
    let start = CFIFlash.base + UInt(offset)
    var index = 0
    if start % 4 == 0 {
      while index + 4 <= destination.count {
        let word = ota_load32(start + UInt(index))
        for byte in 0..<4 { destination[index + byte] = UInt8(truncatingIfNeeded: word >> UInt32(8 * byte)) }
        index += 4
      }
    }
    while index < destination.count {
      destination[index] = ota_load8(start + UInt(index))
      index += 1
    }
  }

  /// Writes words that are erased, as many as the chips have buffers for at a time.
  public mutating func write(_ source: Span<UInt8>, at offset: UInt32) throws(FlashError) {
    try geometry.checkWrite(at: offset, count: source.count)
    guard !source.isEmpty else { return }
    let end = offset + UInt32(source.count)
    try requireWritable(offset..<end)
    // The chip would take it and combine the bits; the contract of this geometry is that it is written once.
    for address in stride(from: offset, to: end, by: 4) {
      guard ota_load32(CFIFlash.base + UInt(address)) == .max else { throw .notErased }
    }
    var position = offset
    while position < end {
      // A buffer does not cross a border of its own size.
      let count = min(bufferSize - position % bufferSize, end - position)
      let first = Int(position - offset)
      try program(source.extracting(first..<first + Int(count)), at: position)
      position += count
    }
  }

  /// Erases block after block.
  public mutating func erase(_ range: Range<UInt32>) throws(FlashError) {
    try geometry.checkErase(range)
    guard !range.isEmpty else { return }
    try requireWritable(range)
    var position = range.lowerBound
    while position < range.upperBound, let block = geometry.eraseBlock(containing: position) {
      let isLast = PowerCut.isDue()
      let address = CFIFlash.base + UInt(block.lowerBound)
      command(.unlock, at: address)
      command(.confirm, at: address)
      command(.erase, at: address)
      command(.confirm, at: address)
      try finish(at: address)
      if isLast { tear(block) }
      position = block.upperBound
    }
  }

  private func requireWritable(_ range: Range<UInt32>) throws(FlashError) {
    guard isPresent, range.lowerBound >= BoardMap.writable.lowerBound,
      range.upperBound <= BoardMap.writable.upperBound
    else { throw .deviceFailure }
  }
}

extension CFIFlash {
  private enum Command: UInt32 {
    case erase = 0x20
    case clearStatus = 0x50
    case unlock = 0x60
    case confirm = 0xd0
    case writeToBuffer = 0xe8
    case readArray = 0xff
  }

  private func command(_ command: Command, at address: UInt) {
    ota_store32(address, command.rawValue * 0x1_0001)
  }

  /// Writes a piece that is in one buffer.
  private func program(_ source: Span<UInt8>, at offset: UInt32) throws(FlashError) {
    let isLast = PowerCut.isDue()
    // Of what the power goes in, half is there, and of one word more a few bits.
    let count = isLast ? source.count / 8 * 4 : source.count
    try fill(source.extracting(0..<count), at: offset)
    guard isLast else { return }
    var torn = InlineArray<4, UInt8>(repeating: 0)
    for index in 0..<4 { torn[index] = source[count + index] | 0x55 }
    try fill(torn.span, at: offset + UInt32(count))
    PowerCut.cut()
  }

  private func fill(_ source: Span<UInt8>, at offset: UInt32) throws(FlashError) {
    guard !source.isEmpty else { return }
    let address = CFIFlash.base + UInt(offset)
    var patience = CFIFlash.patience
    repeat {
      guard patience > 0 else {
        command(.readArray, at: address)
        throw .deviceFailure
      }
      patience -= 1
      command(.writeToBuffer, at: address)
    } while ota_load32(address) & CFIStatus.ready != CFIStatus.ready
    let words = UInt32(source.count / 4)
    ota_store32(address, (words - 1) * 0x1_0001)
    for index in 0..<Int(words) {
      var word: UInt32 = 0
      for byte in 0..<4 { word |= UInt32(source[4 * index + byte]) << UInt32(8 * byte) }
      ota_store32(address + UInt(4 * index), word)
    }
    command(.confirm, at: address)
    try finish(at: address)
  }

  /// Waits until both chips are ready, and goes back to their contents.
  private func finish(at address: UInt) throws(FlashError) {
    var status = ota_load32(address)
    var patience = CFIFlash.patience
    while status & CFIStatus.ready != CFIStatus.ready, patience > 0 {
      status = ota_load32(address)
      patience -= 1
    }
    command(.clearStatus, at: address)
    command(.readArray, at: address)
    guard status & CFIStatus.ready == CFIStatus.ready, status & CFIStatus.failed == 0 else {
      throw .deviceFailure
    }
  }

  /// An erase in which the power goes leaves anything: here a block with words that nobody wrote.
  private func tear(_ block: Range<UInt32>) -> Never {
    var noise = InlineArray<4, UInt8>(repeating: 0)
    for index in 0..<4 { noise[index] = UInt8(truncatingIfNeeded: 0x9d << index) }
    for place in stride(from: block.lowerBound + 64, to: block.upperBound, by: 4099 * 4) {
      try? fill(noise.span, at: place)
    }
    PowerCut.cut()
  }
}

/// Bits of the status register, of both chips.
enum CFIStatus {
  static var ready: UInt32 { 0x0080_0080 }
  /// Erase, program, supply voltage and lock.
  static var failed: UInt32 { 0x003a_003a }
}
#endif
