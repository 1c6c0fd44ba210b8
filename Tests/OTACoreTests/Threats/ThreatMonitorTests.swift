import OTACore
import Testing

@Suite("A monitor of threats")
struct ThreatMonitorTests {
  @Test("knows every class of attack by at least one error, and calls accidents none")
  func classes() {
    let found = Set(ErrorCode.allCases.compactMap { ThreatClass($0) })
    #expect(found == Set(ThreatClass.allCases))
    for code in [ErrorCode.flashPowerLost, .transportInterrupted, .policyRejected, .storeBusy, .journalFull] {
      #expect(ThreatClass(code) == nil)
    }
    #expect(ThreatClass(.repositoryExpired) == .freeze)
    #expect(ThreatClass(.sequenceNumberReplayed) == .replay)
  }

  @Test("slows the peer of a burst down, more with each refusal up to the limit, and nobody else")
  func burst() {
    var monitor = ThreatMonitor<4>(policy: ThreatPolicy(maximumDelay: 60_000))
    let delays = (0..<12).map { _ in
      monitor.record(.authenticationFailed, from: 7, at: 1000)?.delay ?? .max
    }
    #expect(delays == [0, 0, 0, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000])
    #expect(monitor.delay(for: 7, at: 1000) == 60_000)
    #expect(monitor.delay(for: 8, at: 1000) == 0)
    let event = monitor.record(.vendorMismatch, from: 8, at: 1000)
    #expect(
      event == ThreatEvent(threat: .wrongDevice, code: .vendorMismatch, peer: 8, recent: 1, delay: 0))
    #expect(monitor.total(of: .manInTheMiddle) == 12)
    #expect(monitor.total(of: .wrongDevice) == 1)
    #expect(monitor.record(.flashPowerLost, from: 9, at: 1000) == nil)
  }

  @Test("forgives with time, by half in each half-life")
  func decay() {
    var monitor = ThreatMonitor<1>(policy: ThreatPolicy(halfLife: 1000))
    for _ in 0..<8 { _ = monitor.record(.unknownKey, from: 1, at: 50_000) }
    #expect(monitor.delay(for: 1, at: 50_000) == 16_000)
    var last = monitor.delay(for: 1, at: 50_000)
    for time in UInt64(50_000)...54_000 {
      let delay = monitor.delay(for: 1, at: time)
      #expect(delay <= last)
      last = delay
    }
    #expect(monitor.delay(for: 1, at: 51_000) == 1000)
    #expect(monitor.delay(for: 1, at: 52_000) == 0)
    // A clock that goes back forgives nothing, and traps nowhere.
    #expect(monitor.delay(for: 1, at: 0) == 16_000)
    #expect(monitor.record(.unknownKey, from: 1, at: 0)?.recent == 9)
    #expect(monitor.delay(for: 1, at: .max) == 0)
    #expect(monitor.record(.unknownKey, from: 1, at: .max)?.recent == 1)
  }

  @Test("cannot be filled so that one who is slowed gets free, or an honest one is slowed")
  func overflow() {
    var monitor = ThreatMonitor<8>()
    for peer in UInt64(0)..<8 {
      for _ in 0..<6 { _ = monitor.record(.receiptRefused, from: peer, at: 0) }
    }
    for peer in UInt64(100)..<10_100 {
      #expect(monitor.record(.receiptRefused, from: peer, at: 1)?.delay == 1000)
      #expect(monitor.delay(for: peer, at: 1) == 0)
    }
    #expect(monitor.untracked == 10_000)
    for peer in UInt64(0)..<8 { #expect(monitor.delay(for: peer, at: 1) == 4000) }
    #expect(monitor.delay(for: 50, at: 1) == 0)
    // When they have faded, others get their places.
    #expect(monitor.record(.receiptRefused, from: 200, at: 3_000_000)?.delay == 0)
    #expect(monitor.untracked == 10_000)
  }

  @Test("counts to the end of its numbers and stays there")
  func saturation() {
    var monitor = ThreatMonitor<1>(policy: ThreatPolicy(tolerance: 0, baseDelay: .max, maximumDelay: .max))
    for _ in 0..<100_000 { _ = monitor.record(.limitExceeded, from: 0, at: 0) }
    #expect(monitor.delay(for: 0, at: 0) == .max)
  }
}
