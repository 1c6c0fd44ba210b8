import OTACore
import Testing

@Suite("Compatibility rules")
struct CompatibilityTests {
  static let vendor = UniversalIdentifier(high: 1, low: 1)
  static let model = UniversalIdentifier(high: 2, low: 2)
  static let device = UniversalIdentifier(high: 3, low: 3)
  static let stranger = UniversalIdentifier(high: 9, low: 9)

  static let profile = DeviceProfile(
    deviceID: device, vendorID: vendor, classID: model, hardwareRevision: 5,
    component: ComponentIdentifier("app"))

  @Test(
    "the first broken rule is named",
    arguments: [
      (Compatibility(vendorID: vendor, classID: model), nil),
      (Compatibility(vendorID: vendor, classID: model, deviceID: device, hardwareRevisions: 5...5), nil),
      (Compatibility(vendorID: vendor, classID: model, hardwareRevisions: 0...UInt32.max), nil),
      (Compatibility(vendorID: stranger, classID: model), .vendorMismatch),
      (Compatibility(vendorID: vendor, classID: stranger), .classMismatch),
      (
        Compatibility(vendorID: stranger, classID: stranger, deviceID: stranger, hardwareRevisions: 0...0),
        .vendorMismatch
      ),
      (Compatibility(vendorID: vendor, classID: stranger, deviceID: stranger), .classMismatch),
      (
        Compatibility(vendorID: vendor, classID: model, deviceID: stranger, hardwareRevisions: 0...0),
        .deviceMismatch
      ),
      (Compatibility(vendorID: vendor, classID: model, hardwareRevisions: 0...4), .hardwareRevisionMismatch),
      (Compatibility(vendorID: vendor, classID: model, hardwareRevisions: 6...9), .hardwareRevisionMismatch),
    ] as [(Compatibility, ErrorCode?)])
  func mismatches(row: (rules: Compatibility, expected: ErrorCode?)) {
    #expect(row.rules.firstMismatch(with: Self.profile) == row.expected)
  }

  @Test(
    "a payload has as many blocks as it takes, the last one possibly shorter",
    arguments: [
      (0, 4096, 0), (1, 4096, 1), (4095, 4096, 1), (4096, 4096, 1), (4097, 4096, 2), (8192, 4096, 2),
      (.max, 1, .max), (.max, .max, 1), (.max, 4096, 1 << 20), (10, 0, 0),
    ] as [(UInt32, UInt32, UInt32)])
  func blockCounts(row: (size: UInt32, blockSize: UInt32, count: UInt32)) {
    #expect(BlockDigests.blockCount(size: row.size, blockSize: row.blockSize) == row.count)
  }
}
