import Board
import OTAPartition

/// Holds the driver of the board's flash against the contract, on the board: over slot b, whose contents are lost.
enum FlashCheck {
  /// Counts what is found.
  private struct Counter: FlashFindings {
    var count: UInt32 = 0

    mutating func add(_ finding: FlashFinding) { count &+= 1 }
  }

  /// Tries all rules.
  ///
  /// - Returns: how many are broken; `nil` if the board has no such part.
  static func run() -> UInt32? {
    guard let table = try? BoardMap.factoryTable(.direct), let part = table[1].range else { return nil }
    do throws(LayoutError) {
      let region = try FlashRegion(BoardFlash(), range: part)
      var probe = FlashProbe(region, findings: Counter())
      var buffer = InlineArray<2048, UInt8>(repeating: 0)
      var bytes = buffer.mutableSpan
      probe.run(buffer: &bytes)
      return probe.finish().count
    } catch {
      return nil
    }
  }
}
