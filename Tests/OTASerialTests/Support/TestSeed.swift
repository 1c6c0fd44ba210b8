import Foundation
import OTAFlashSimulator

/// The seed of everything random in these tests: `OTA_SEED`, or one that differs from run to run; printed by every test
/// that uses it.
enum TestSeed {
  static let value: UInt64 = {
    if let text = ProcessInfo.processInfo.environment["OTA_SEED"], let seed = UInt64(text) { return seed }
    return UInt64.random(in: 0..<1_000_000)
  }()

  /// Whether `OTA_SLOW_TESTS` asks for the exhaustive forms.
  static var isSlow: Bool { ProcessInfo.processInfo.environment["OTA_SLOW_TESTS"] != nil }
}
