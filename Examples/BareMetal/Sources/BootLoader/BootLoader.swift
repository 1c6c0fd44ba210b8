import Board
import OTACore
import OTAPartition

@main
struct Main {
  static func main() {
    let console = Console()
    console.writeLine("boot: hello")
    var flash = BoardFlash()
    console.write(decimal: flash.geometry.region(0).eraseBlockSize)
    console.writeLine(" block")
    do throws(FlashError) {
      let block: Range<UInt32> = 0x300_0000..<0x304_0000
      try flash.erase(block)
      var bytes = InlineArray<1500, UInt8>(repeating: 0)
      for index in 0..<1500 { bytes[index] = UInt8(truncatingIfNeeded: index &* 7) }
      try flash.write(bytes.span, at: block.lowerBound + 8)
      var back = InlineArray<1500, UInt8>(repeating: 0)
      var window = back.mutableSpan
      try flash.read(into: &window, at: block.lowerBound + 8)
      var same = true
      for index in 0..<1500 where back[index] != bytes[index] { same = false }
      console.writeLine(same ? "same" : "NOT SAME")
    } catch {
      console.write("error ")
      console.write(decimal: UInt32(error.rawValue))
      console.writeLine()
    }
    console.write("stack ")
    console.write(decimal: Machine.stackUsed)
    console.writeLine()
    Machine.end(code: 0)
  }
}
