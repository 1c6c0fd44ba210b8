import Testing

@testable import OTADelta

@Suite("Address spaces, regions and the window")
struct AddressSpaceTests {
  @Test("Addresses and places are each other's inverse inside of segments")
  func segments() {
    var space = AddressSpace()
    space.append(Segment(offset: 0x100, length: 0x200, address: 0x1_0000))
    space.append(Segment(offset: 0x300, length: 0x10, address: 0xffff_fff8))
    #expect(space.address(of: 0x100) == 0x1_0000)
    #expect(space.address(of: 0x2ff) == 0x1_01ff)
    #expect(space.address(of: 0x30f) == 7)
    #expect(space.offset(of: 0x1_0000) == 0x100)
    #expect(space.offset(of: 7) == 0x30f)
    #expect(space.offset(of: 0x1_0200) == nil)
    #expect(space.offset(of: 8) == nil)
    // Outside of segments a place is its own address.
    #expect(space.address(of: 0xff) == 0xff)
    #expect(space.address(of: 0x310) == 0x310)
  }

  @Test("Of two segments with an address the first counts, and empty ones for nothing")
  func overlapping() {
    var space = AddressSpace()
    space.append(Segment(offset: 0, length: 0, address: 0x1000))
    space.append(Segment(offset: 0x40, length: 0x40, address: 0x1000))
    space.append(Segment(offset: 0x80, length: 0x80, address: 0x1000))
    #expect(space.offset(of: 0x1010) == 0x50)
    #expect(space.offset(of: 0x1050) == 0xd0)
    for _ in 3..<AddressSpace.maximumSegmentCount { space.append(Segment(offset: 0, length: 0, address: 0)) }
    #expect(space.count == 8)
  }

  @Test("Regions reach to the next one, in any order of asking")
  func regions() {
    let words = [UInt32](repeating: 0, count: 3)
    var map = RegionMap(words: cells(words))
    #expect(map.kind(at: 5) == .code)
    map.append(start: 0x100, kind: .pointers32)
    map.append(start: 0x200, kind: .plain)
    map.append(start: 0x200, kind: .relative32)
    #expect(map.lastStart == 0x200)
    let expected: [(UInt32, RegionKind)] = [
      (0, .code), (0x1ff, .pointers32), (0xff, .code), (0x100, .pointers32), (0x200, .relative32),
      (.max, .relative32), (0, .code), (0x12345, .relative32),
    ]
    for (place, kind) in expected { #expect(map.kind(at: place) == kind, "\(place)") }
  }

  @Test("Outside of the window bytes are zero")
  func windows() {
    let window = window([1, 2, 3, 4], start: 10)
    #expect(window.byte(9) == 0)
    #expect(window.byte(10) == 1)
    #expect(window.byte(14) == 0)
    #expect(window.byte(.max) == 0)
    #expect(window.half(13) == 4)
    #expect(window.word(8) == 0x0201_0000)
    #expect(window.contains(13))
    #expect(!window.contains(14))
    #expect(!window.contains(9))
  }
}
