import Board
import OTACore
import OTAPartition

/// Holds the partition tables of the board against its flash, and the chip in RAM against the rules of flash.
enum PartitionCheck {
  /// Whether the table of each strategy fits the flash, and leaves the golden image alone.
  static func tableFitsBoard() -> Bool {
    let flash = BoardFlash()
    let kinds = Activation.all
    for index in 0..<kinds.count {
      guard let table = try? BoardMap.factoryTable(kinds[index]), Activation.kind(in: table) == kinds[index],
        let layout = try? DeviceLayout(table, strategy: kinds[index], on: flash.geometry),
        !layout[.a].overlaps(BoardMap.golden), !layout[.b].overlaps(BoardMap.golden)
      else { return false }
    }
    return true
  }

  /// Serialises a table.
  ///
  /// - Returns: how many bytes it has.
  private static func copyTable(into buffer: inout InlineArray<460, UInt8>) -> Int? {
    guard let table = try? BoardMap.factoryTable(.swapWithScratch) else { return nil }
    var writer = ByteWriter(buffer.mutableSpan)
    do throws(ParseError) {
      try table.serialize(into: &writer)
      return writer.count
    } catch {
      return nil
    }
  }

  /// Cuts the table off at every length, and turns every one of its bits.
  static func damagedTableIsRefused() -> Bool {
    var buffer = InlineArray<460, UInt8>(repeating: 0)
    guard let count = copyTable(into: &buffer) else { return false }
    for length in 0..<count where refusal(of: buffer.span.extracting(0..<length)) != .truncated {
      return false
    }
    for bit in 0..<8 * count {
      buffer[bit / 8] ^= 1 << UInt8(bit % 8)
      guard refusal(of: buffer.span.extracting(0..<count)) != nil else { return false }
      buffer[bit / 8] ^= 1 << UInt8(bit % 8)
    }
    return refusal(of: buffer.span.extracting(0..<count)) == nil
  }

  /// Whether the chip refuses what NOR memory cannot do, and then has not changed.
  static func flashKeepsItsRules() -> Bool {
    let ones: InlineArray<8, UInt8> = [1, 1, 1, 1, 1, 1, 1, 1]
    guard var chip = try? RAMFlash() else { return false }
    do throws(FlashError) {
      try chip.erase(2048..<4096)
      try chip.write(ones.span.extracting(0..<4), at: 2052)
      guard try word(2048, of: &chip) == 0xffff_ffff, try word(2052, of: &chip) == 0x0101_0101,
        refusal({ () throws(FlashError) in try chip.write(ones.span, at: 2048) }) == .notErased,
        refusal({ () throws(FlashError) in try chip.write(ones.span, at: 2050) }) == .notAligned,
        refusal({ () throws(FlashError) in try chip.write(ones.span, at: chip.geometry.capacity - 4) })
          == .outOfBounds,
        refusal({ () throws(FlashError) in try chip.erase(2048..<3000) }) == .notAligned
      else { return false }
      guard try word(2048, of: &chip) == 0xffff_ffff else { return false }
      return try word(2052, of: &chip) == 0x0101_0101
    } catch {
      return false
    }
  }

  private static func word(_ offset: UInt32, of chip: inout RAMFlash) throws(FlashError) -> UInt32 {
    var word: InlineArray<4, UInt8> = [0, 0, 0, 0]
    var bytes = word.mutableSpan
    try chip.read(into: &bytes, at: offset)
    return UInt32(word[0]) | UInt32(word[1]) << 8 | UInt32(word[2]) << 16 | UInt32(word[3]) << 24
  }

  private static func refusal(of bytes: Span<UInt8>) -> ParseError.Kind? {
    do throws(ParseError) {
      var cursor = ByteCursor(bytes)
      _ = try PartitionTable(parsing: &cursor)
      try cursor.requireEnd()
      return nil
    } catch {
      return error.kind
    }
  }

  private static func refusal(_ body: () throws(FlashError) -> Void) -> FlashError? {
    do throws(FlashError) {
      try body()
      return nil
    } catch {
      return error
    }
  }
}
