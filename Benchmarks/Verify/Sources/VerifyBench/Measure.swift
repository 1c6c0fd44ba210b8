import Glibc

/// Seconds of processor time of this thread: what else the machine does is not in it.
func threadSeconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// Seconds on the wall.
func wallSeconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// Two ways to do the same, measured in turn.
struct Pair {
  /// The least time of each: the one that the least disturbed.
  var raw: Double
  var ours: Double
  /// The middle one of the ratios of neighbours.
  var medianRatio: Double
  /// Speed of ours over speed of the other.
  var ratio: Double { raw / ours }

  /// Runs both in turn, each first in every second round.
  init(rounds: Int, raw: () -> Void, ours: () -> Void) {
    raw()
    ours()
    var times: (raw: [Double], ours: [Double]) = ([], [])
    for round in 0..<rounds {
      for isRaw in round % 2 == 0 ? [true, false] : [false, true] {
        let start = threadSeconds()
        if isRaw { raw() } else { ours() }
        let time = threadSeconds() - start
        if isRaw { times.raw.append(time) } else { times.ours.append(time) }
      }
    }
    self.raw = times.raw.min() ?? 0
    self.ours = times.ours.min() ?? 0
    let ratios = zip(times.raw, times.ours).map { $0 / $1 }.sorted()
    medianRatio = ratios[ratios.count / 2]
  }
}
