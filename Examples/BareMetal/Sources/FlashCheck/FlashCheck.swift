import Board
import OTAPartition

/// Holds the driver of the board's flash against the contract of `Flash`, on the board.
///
/// Its first, second and last erasable block are overwritten.
@main
struct Main {
  static func main() {
    let console = Console()
    do throws(LayoutError) {
      let count = try probe(console)
      console.write("flash: ")
      console.write(decimal: count)
      console.writeLine(" findings")
      Machine.end(code: count == 0 ? 0 : 1)
    } catch {
      console.writeLine("flash: NOT THERE")
      Machine.end(code: 2)
    }
  }

  /// Tries all that software may write, which begins with the partition table.
  private static func probe(_ console: Console) throws(LayoutError) -> UInt32 {
    let flash = BoardFlash()
    let end = flash.geometry.capacity
    let part = try FlashRegion(flash, range: BoardMap.tableA.lowerBound..<end)
    // Longer than what either driver writes with one command, so that its borders are crossed.
    var memory = InlineArray<4096, UInt8>(repeating: 0)
    var buffer = memory.mutableSpan
    var probe = FlashProbe(part, findings: Printer(console: console))
    probe.run(buffer: &buffer)
    return probe.finish().count
  }
}

/// Prints what the probe finds, and counts it.
struct Printer: FlashFindings {
  let console: Console
  var count: UInt32 = 0

  mutating func add(_ finding: FlashFinding) {
    count += 1
    console.write("finding: rule ")
    console.write(decimal: UInt32(finding.rule.rawValue))
    console.write(" operation ")
    console.write(decimal: UInt32(finding.operation.rawValue))
    console.write(" at ")
    console.write(hexadecimal: finding.offset)
    console.write(" count ")
    console.write(decimal: finding.count)
    if let error = finding.error {
      console.write(" error ")
      console.write(decimal: UInt32(error.rawValue))
    }
    if let byte = finding.byte {
      console.write(" byte ")
      console.write(hexadecimal: byte.offset)
      console.write(" is ")
      console.write(hexadecimalByte: byte.found)
      console.write(" not ")
      console.write(hexadecimalByte: byte.expected)
    }
    console.writeLine()
  }
}
