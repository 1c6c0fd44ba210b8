import OTAPartition

// Reads a flash layout from the arguments and says where an offset lies: erase block size, block count, offset.
//
//   PartitionConsumer 4096 256 70000

/// The three numbers of the command line, or `nil`.
func numbers(of arguments: [String]) -> (size: UInt32, count: UInt32, offset: UInt32)? {
  guard arguments.count == 4, let size = UInt32(arguments[1]), let count = UInt32(arguments[2]),
    let offset = UInt32(arguments[3])
  else { return nil }
  return (size, count, offset)
}

if let (size, count, offset) = numbers(of: CommandLine.arguments) {
  do throws(LayoutError) {
    let geometry = try FlashGeometry(eraseBlockSize: size, blockCount: count, writeSize: 4)
    if let block = geometry.eraseBlock(containing: offset) {
      print("capacity \(geometry.capacity), erase block \(block.lowerBound)..<\(block.upperBound)")
    } else {
      print("capacity \(geometry.capacity), offset \(offset) is outside")
    }
  } catch {
    print("not a valid geometry: \(error)")
  }
} else {
  print("usage: PartitionConsumer ERASE-BLOCK-SIZE BLOCK-COUNT OFFSET")
}
