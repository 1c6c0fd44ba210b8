import OTACore
import OTAPartition

/// Any bytes are a table or a typed error; a table that is read is written the same, and validates before it is a layout.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  var input = Array(UnsafeBufferPointer(start: start, count: count))
  // The checksum of as many partitions as the header says: no fuzzer guesses it.
  if input.count >= 8 {
    let body = 8 + 28 * Int(input[5])
    if input.count >= body {
      let checksum = CRC32.checksum(of: input.span.extracting(0..<body))
      input = Array(input.prefix(body)) + (0..<4).map { UInt8(truncatingIfNeeded: checksum >> (8 * $0)) }
    }
  }
  do throws(ParseError) {
    var cursor = ByteCursor(input.span)
    let table = try PartitionTable(parsing: &cursor)
    let end = cursor.offset
    var bytes = [UInt8](repeating: 0, count: PartitionTable.maximumSize)
    var writer = ByteWriter(bytes.mutableSpan)
    do throws(ParseError) {
      try table.serialize(into: &writer)
    } catch {
      fatalError("a table that was read cannot be written: \(error)")
    }
    let written = writer.count
    precondition(bytes.prefix(written) == input.prefix(end), "a table that was read is written otherwise")
    check(table)
  } catch {
    return 0
  }
  return 0
}

private func check(_ table: PartitionTable) {
  do throws(LayoutError) {
    let geometry = try FlashGeometry(eraseBlockSize: 1 << 12, blockCount: 0xf_ffff, writeSize: 4)
    let layout = try DeviceLayout(table, on: geometry)
    do throws(LayoutError) {
      try table.validate(on: geometry)
    } catch {
      fatalError("a layout of a table that does not fit: \(error)")
    }
    precondition(!layout.slotA.overlaps(layout.slotB), "slots that overlap")
  } catch {
    return
  }
}
