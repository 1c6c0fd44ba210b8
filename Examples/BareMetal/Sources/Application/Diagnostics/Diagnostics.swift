#if Diagnostics
import Board

/// Watches the raw samples: how they are distributed, and which ones do not fit their neighbours.
///
/// New in version 1.1.0.
struct Diagnostics {
  /// How many samples fell into each sixteenth of the range.
  private(set) var histogram = InlineArray<16, UInt32>(repeating: 0)
  /// The latest samples that did not fit, with the sample before and after which they came.
  private(set) var anomalies = InlineArray<8, Anomaly>(repeating: Anomaly(tick: 0, sample: 0, expected: 0))
  private(set) var anomalyCount: UInt32 = 0
  private var window = InlineArray<7, Int32>(repeating: 0)
  private var ticks: UInt32 = 0

  struct Anomaly {
    var tick: UInt32
    var sample: Int32
    var expected: Int32
  }

  /// Takes a sample of 0 to 4095.
  mutating func push(_ sample: Int32) {
    let place = Int(min(max(sample, 0), 4095) / 256)
    histogram[place] &+= 1
    let slot = Int(ticks % 7)
    if ticks >= 7 {
      let middle = median(of: window)
      var deviations = InlineArray<7, Int32>(repeating: 0)
      for index in 0..<7 { deviations[index] = abs(window[index] - middle) }
      // Hampel's rule: three scaled median deviations, and never less than the noise of the converter.
      let bound = max(median(of: deviations) * 4448 / 1000, 24)
      if abs(sample - middle) > bound {
        anomalies[Int(anomalyCount % 8)] = Anomaly(tick: ticks, sample: sample, expected: middle)
        anomalyCount &+= 1
      }
    }
    window[slot] = sample
    ticks &+= 1
  }

  mutating func clear() {
    self = Diagnostics()
  }

  private func median(of values: InlineArray<7, Int32>) -> Int32 {
    var sorted = values
    for index in 1..<7 {
      var place = index
      while place > 0, sorted[place - 1] > sorted[place] {
        sorted.swapAt(place - 1, place)
        place -= 1
      }
    }
    return sorted[3]
  }

  func writeHistogram(to console: Console) {
    var greatest: UInt32 = 1
    for index in 0..<16 { greatest = max(greatest, histogram[index]) }
    for index in 0..<16 {
      console.write(decimal: UInt32(index) * 256)
      console.write("\t")
      for _ in 0..<histogram[index] / max(greatest / 40, 1) { console.write("#") }
      console.write(" ")
      console.write(decimal: histogram[index])
      console.writeLine()
    }
  }

  func writeAnomalies(to console: Console) {
    console.write("anomalies ")
    console.write(decimal: anomalyCount)
    console.writeLine()
    for index in 0..<Int(min(anomalyCount, 8)) {
      console.write("  tick ")
      console.write(decimal: anomalies[index].tick)
      console.write(" sample ")
      console.write(signed: anomalies[index].sample)
      console.write(" expected ")
      console.write(signed: anomalies[index].expected)
      console.writeLine()
    }
  }
}
#endif
