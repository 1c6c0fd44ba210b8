import Testing

@testable import OTADelta

@Suite("What firmware decodes")
struct DecoderProfileTests {
  private func header(
    slotBits: UInt8 = 12, matchBits: UInt8 = 0, architecture: Architecture = .thumb
  ) -> NativeHeader {
    var header = NativeHeaderTests.header
    header.slotBits = slotBits
    header.matchBits = matchBits
    header.architecture = architecture
    return header
  }

  @Test("A host takes every header and every kind of region")
  func full() {
    let profile = DecoderProfile.full
    for architecture in Architecture.allCases {
      #expect(profile.takes(header(slotBits: 24, matchBits: 24, architecture: architecture)))
      #expect(profile.takes(header(slotBits: 8, architecture: architecture)))
    }
    for kind in RegionKind.allCases { #expect(profile.takes(kind)) }
    #expect(DecoderProfile.current.hasLargeModels && DecoderProfile.current.hasMatches)
    #expect(DecoderProfile.current.hasWidePointers)
  }

  @Test("Firmware refuses large models, matches, and on ARM pointers of 64 bits")
  func small() {
    for hasWidePointers in [false, true] {
      let profile = DecoderProfile.small(hasWidePointers: hasWidePointers)
      #expect(profile.takes(header(slotBits: NativeLayout.smallBits - 1)))
      #expect(!profile.takes(header(slotBits: NativeLayout.smallBits)))
      #expect(!profile.takes(header(matchBits: 10)))
      for architecture in Architecture.allCases where architecture != .pointers64 {
        #expect(profile.takes(header(architecture: architecture)))
      }
      #expect(profile.takes(header(architecture: .pointers64)) == hasWidePointers)
      for kind in RegionKind.allCases where kind != .pointers64 { #expect(profile.takes(kind)) }
      #expect(profile.takes(.pointers64) == hasWidePointers)
    }
  }

  @Test("A stored patch is for everybody")
  func stored() {
    var header = header(slotBits: 0)
    header.coder = .stored
    #expect(DecoderProfile.small(hasWidePointers: false).takes(header))
  }
}
