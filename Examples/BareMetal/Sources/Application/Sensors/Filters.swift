/// The middle one of the last five samples: takes single spikes out.
struct MedianFilter {
  private var samples = InlineArray<5, Int32>(repeating: 0)
  private var next = 0
  private var count = 0

  mutating func push(_ sample: Int32) -> Int32 {
    samples[next] = sample
    next = (next + 1) % samples.count
    count = min(count + 1, samples.count)
    var sorted = samples
    for index in 1..<max(count, 2) {
      var place = index
      while place > 0, sorted[place - 1] > sorted[place] {
        sorted.swapAt(place - 1, place)
        place -= 1
      }
    }
    return sorted[count / 2]
  }
}

/// A second-order low pass with coefficients of 14 bits behind the point.
struct LowPassFilter {
  private let feedForward: InlineArray<3, Int32>
  private let feedBack: InlineArray<2, Int32>
  private var inputs = InlineArray<2, Int32>(repeating: 0)
  private var outputs = InlineArray<2, Int32>(repeating: 0)

  /// Butterworth at a twentieth of the sampling rate.
  init() {
    feedForward = [329, 658, 329]
    feedBack = [-25_576, 10_508]
  }

  mutating func push(_ sample: Int32) -> Int32 {
    var sum = Int64(feedForward[0]) * Int64(sample)
    sum += Int64(feedForward[1]) * Int64(inputs[0]) + Int64(feedForward[2]) * Int64(inputs[1])
    sum -= Int64(feedBack[0]) * Int64(outputs[0]) + Int64(feedBack[1]) * Int64(outputs[1])
    let output = Int32(clamping: sum >> 14)
    inputs[1] = inputs[0]
    inputs[0] = sample
    outputs[1] = outputs[0]
    outputs[0] = output
    return output
  }
}

/// Least, greatest, mean and variance of what it was given.
struct Statistics {
  private(set) var count: Int32 = 0
  private(set) var least = Int32.max
  private(set) var greatest = Int32.min
  private var sum: Int32 = 0
  private var squares: Int32 = 0
  private var origin: Int32 = 0

  mutating func push(_ value: Int32) {
    if count == 0 { origin = value }
    // Relative to the first value, so that the squares of a slow signal stay small; saturates instead of wrapping.
    let distance = min(max(value - origin, -1000), 1000)
    let (total, sumOverflow) = sum.addingReportingOverflow(distance)
    let (square, squareOverflow) = squares.addingReportingOverflow(distance * distance)
    guard !sumOverflow, !squareOverflow, count < .max else { return }
    sum = total
    squares = square
    count += 1
    least = min(least, value)
    greatest = max(greatest, value)
  }

  var mean: Int32 { count == 0 ? 0 : origin + sum / count }

  var variance: Int32 {
    guard count > 0 else { return 0 }
    let mean = sum / count
    return squares / count - mean * mean
  }
}
