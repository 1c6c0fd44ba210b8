import OTACore
import OTAPartition
import Startup

/// The partitions of the board's flash, from the table that came with the board.
enum BoardPartitions {
  /// Reads the table; the last word is its checksum.
  static func read() throws(ParseError) -> PartitionTable {
    var buffer = InlineArray<460, UInt8>(repeating: 0)
    let count = try copyTable(into: &buffer)
    return try parse(buffer.span.extracting(0..<count))
  }

  /// Copies the table out of the image.
  ///
  /// - Returns: how many bytes it has.
  static func copyTable(into buffer: inout InlineArray<460, UInt8>) throws(ParseError) -> Int {
    let count = ota_partition_table_length()
    guard count <= PartitionTable.maximumSize else { throw ParseError(.capacityExceeded, at: 0) }
    for index in 0..<count { buffer[index] = ota_partition_table_byte(index) }
    return count
  }

  /// Reads a table of which nothing may be left over.
  static func parse(_ bytes: Span<UInt8>) throws(ParseError) -> PartitionTable {
    var cursor = ByteCursor(bytes)
    let table = try PartitionTable(parsing: &cursor)
    try cursor.requireEnd()
    return table
  }

  static func write(to console: Console) {
    do throws(ParseError) {
      let table = try read()
      for index in 0..<table.count {
        let partition = table[index]
        console.write("  ")
        console.write(hexadecimal: partition.offset)
        console.write(" size ")
        console.write(hexadecimal: partition.size)
        console.write(" ")
        console.write(partition.name.bytes)
        console.writeLine()
      }
    } catch {
      console.writeLine("the partition table is not valid")
    }
  }
}
