import Foundation

/// Random numbers that can be repeated: SplitMix64.
///
/// The seed is new in each run and printed; `OTA_SEED` sets it.
struct SeededGenerator: RandomNumberGenerator {
  let seed: UInt64
  private var state: UInt64

  init(test: StaticString = #function) {
    let fixed = ProcessInfo.processInfo.environment["OTA_SEED"].flatMap { UInt64($0) }
    seed = fixed ?? UInt64.random(in: 0...UInt64.max)
    state = seed
    print("\(test): OTA_SEED=\(seed)")
  }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var word = state
    word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
    word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
    return word ^ word >> 31
  }

  mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
  }
}
