public import OTAPartition

/// Holds an implementation of `Flash` against the contract.
///
/// It erases and writes the first, second and last erase blocks of the device, wherever they are; nothing on it is kept.
/// Power loss is not tried: that takes hardware, or a simulator. The rules are those of `FlashProbe`, which tries them on
/// a device itself; here a block is written in one piece.
///
/// - Parameter makeFlash: opens the device; called once for each group of rules, in any state that the one before left.
/// - Returns: what was found; empty if the implementation keeps the contract as far as it can be seen from outside.
public func checkFlashConformance<Device: Flash & ~Copyable>(_ makeFlash: () -> Device) -> [FlashViolation] {
  var violations: [FlashViolation] = []
  let groups: [FlashProbe<Device, FindingList>.Group] = [
    .erasing, .writing, .places, .bounds, .alignment, .rewriting, .nothing,
  ]
  for group in groups {
    let flash = makeFlash()
    let geometry = flash.geometry
    var size = FlashProbe<Device, FindingList>.minimumBufferSize
    for index in 0..<geometry.regionCount {
      size = max(size, 2 * Int(geometry.region(index).eraseBlockSize))
    }
    var buffer = [UInt8](repeating: 0, count: size)
    var span = buffer.mutableSpan
    var probe = FlashProbe(flash, findings: FindingList())
    probe.run(group, buffer: &span)
    violations += probe.finish().violations
  }
  return violations
}

/// What a probe finds, in words.
private struct FindingList: FlashFindings {
  var violations: [FlashViolation] = []

  mutating func add(_ finding: FlashFinding) {
    violations.append(FlashViolation(FlashViolation.Rule(finding.rule), finding.words))
  }
}

extension FlashFinding {
  /// What was done, and what came of it.
  fileprivate var words: String {
    let done =
      switch operation {
      case .read: "reading"
      case .write: "writing"
      case .erase: "erasing"
      }
    var words = "\(done) \(count) bytes at \(offset)"
    if let byte {
      words += ": byte \(byte.offset) is \(byte.found), not \(byte.expected)"
    } else if let error {
      words += ": threw \(error)"
    } else if rule != .readIsUnstable, rule != .geometryChanges {
      words += ": did not throw"
    }
    return words
  }
}

extension FlashViolation.Rule {
  fileprivate init(_ rule: FlashFinding.Rule) {
    self =
      switch rule {
      case .failsWithoutCause: .failsWithoutCause
      case .erasedByteIsWrong: .erasedByteIsWrong
      case .writeIsLost: .writeIsLost
      case .neighbourChanges: .neighbourChanges
      case .boundsAreNotChecked: .boundsAreNotChecked
      case .alignmentIsNotChecked: .alignmentIsNotChecked
      case .refusalHasEffect: .refusalHasEffect
      case .rewriteIsWrong: .rewriteIsWrong
      case .readIsUnstable: .readIsUnstable
      case .geometryChanges: .geometryChanges
      }
  }
}
