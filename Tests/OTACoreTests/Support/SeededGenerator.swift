import Foundation

/// Random numbers that can be had again: SplitMix64.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var value = state
    value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
    return value ^ (value >> 31)
  }

  mutating func bytes(count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &self) }
  }
}

/// The seed of this run: from the environment (`OTA_SEED=`), or a new one; printed, so that a failure can be repeated.
let testSeed: UInt64 = {
  let seed =
    ProcessInfo.processInfo.environment["OTA_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: .min ... .max)
  print("OTACoreTests: OTA_SEED=\(seed)")
  return seed
}()
