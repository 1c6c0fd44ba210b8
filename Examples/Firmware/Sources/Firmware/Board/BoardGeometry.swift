import OTAPartition

/// The flash of the board: two chips side by side, erased in blocks of 256 KiB.
enum BoardGeometry {
  static func make() throws(LayoutError) -> FlashGeometry {
    try FlashGeometry(eraseBlockSize: 256 << 10, blockCount: 128, writeSize: 4)
  }

  static func write(to console: Console) {
    do throws(LayoutError) {
      let geometry = try make()
      console.write("capacity ")
      console.write(decimal: geometry.capacity)
      console.write(" write ")
      console.write(decimal: geometry.writeSize)
      console.writeLine()
      for index in 0..<geometry.regionCount {
        let region = geometry.region(index)
        console.write("  blocks ")
        console.write(decimal: region.blockCount)
        console.write(" of ")
        console.write(decimal: region.eraseBlockSize)
        console.writeLine()
      }
    } catch {
      console.writeLine("the geometry is not valid")
    }
  }
}
