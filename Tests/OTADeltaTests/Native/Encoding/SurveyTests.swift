import Testing

@testable import OTADelta

@Suite("Prediction of images")
struct SurveyTests {
  static let places: [(architecture: Architecture, kind: RegionKind)] = Architecture.allCases.flatMap {
    architecture in
    RegionKind.allCases.map { (architecture, $0) }
  }

  @Test(
    "An image that stays where it is is predicted to the byte, whatever it is taken for",
    arguments: places.indices)
  func identity(_ index: Int) {
    let (architecture, kind) = SurveyTests.places[index]
    var generator = SeededGenerator(for: "SurveyTests.identity")
    var image = generator.bytes(6000)
    // Pointers, and distances that stay inside.
    for place in stride(from: 0, to: 6000, by: 24) {
      image[place..<place + 4] = [UInt8(place & 0xff), 8, 0, 0]
    }
    let space = NativePlan.Space(
      base: 0, segments: [Segment(offset: 0, length: 6000, address: 0)], origin: 0x100)
    let plan = NativePlan(
      architecture: architecture, old: space, new: space, regions: [NativePlan.Region(start: 0, kind: kind)],
      covers: [NativePlan.Cover(old: 0, new: 0, length: 6000)])
    #expect(NativeSurvey.misses(plan, old: image, new: image).allSatisfy { $0 == 0 })
  }

  @Test("Blanking takes addresses away and leaves everything else", arguments: ["thumb", "arm64", "x86-64"])
  func blanked(name: String) throws {
    let firmware: [String: Firmware] = ["thumb": .thumb, "arm64": .arm64, "x86-64": .x86([0xe8])]
    let architecture = try #require(Architecture.allCases.first { $0.name.description == name })
    let image = try #require(firmware[name]).image(seed: 4, functionCount: 20, insertions: [])
    let space = NativePlan.Space(
      base: 0, segments: [Segment(offset: 0, length: UInt32(image.count), address: 0)])
    let result = NativeSurvey.normalised(image, architecture: architecture, space: space, regions: [])
    #expect(result.count == image.count)
    let changed = zip(image, result).count { $0 != $1 }
    #expect(changed > 100 && changed < image.count / 4)
    #expect(NativeSurvey.normalised(image, architecture: .none, space: space, regions: []) == image)
  }
}
