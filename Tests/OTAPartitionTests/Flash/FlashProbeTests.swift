import OTAPartition
import OTATesting
import Testing

/// The probe as a board runs it: with a buffer that is shorter than a block.
@Suite("Flash probe")
struct FlashProbeTests {
  /// The rules that were broken, and how often.
  private struct Broken: FlashFindings {
    var rules: [FlashFinding.Rule] = []
    mutating func add(_ finding: FlashFinding) { rules.append(finding.rule) }
  }

  private static func probe(_ geometry: FlashGeometry, defect: BrokenFlash.Defect?, buffer size: Int)
    -> [FlashFinding.Rule]
  {
    var buffer = [UInt8](repeating: 0, count: size)
    var span = buffer.mutableSpan
    var probe = FlashProbe(BrokenFlash(geometry, defect: defect), findings: Broken())
    probe.run(buffer: &span)
    return probe.finish().rules
  }

  @Test("A right device is found right with any buffer", arguments: [129, 300])
  func right(_ size: Int) throws {
    for geometry in try FlashRules.all() {
      #expect(Self.probe(geometry, defect: nil, buffer: size) == [], "\(geometry)")
    }
  }

  @Test("The shortest buffer finds every defect too", arguments: BrokenFlash.Defect.allCases)
  func broken(_ defect: BrokenFlash.Defect) throws {
    for geometry in try FlashRules.all() where defect.isPossible(on: geometry) {
      let rules = Self.probe(geometry, defect: defect, buffer: 128)
      #expect(rules.contains { "\($0)" == defect.rule.rawValue }, "\(geometry): \(rules)")
    }
  }

  @Test("The example of Docs/FlashPorting.md finds a right device right, and a broken one broken")
  func example() throws {
    #expect(checkFlash(ExampleFlash()))
    let geometry = try FlashGeometry(eraseBlockSize: 1024, blockCount: 4, writeSize: 4)
    #expect(!checkFlash(BrokenFlash(geometry, defect: .wrapsInPage)))
  }

  @Test("A buffer that is too short is the caller's mistake")
  func tooShort() async {
    await #expect(processExitsWith: .failure) {
      var buffer = [UInt8](repeating: 0, count: 127)
      var span = buffer.mutableSpan
      var probe = FlashProbe(ExampleFlash(), findings: Broken())
      probe.run(.nothing, buffer: &span)
    }
  }
}
