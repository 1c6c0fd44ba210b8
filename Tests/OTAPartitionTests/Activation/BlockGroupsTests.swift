import OTACore
import OTAFlashSimulator
import Testing

@testable import OTAPartition

@Suite("Groups of blocks")
struct BlockGroupsTests {
  @Test("On every part, groups divide both places at borders of both, as finely as can be")
  func parts() throws {
    for part in Geometries.parts {
      let geometry = try part.combinedGeometry()
      for slots in part.layout.images {
        let groups = BlockGroups(
          primary: try part.range(of: slots.a), secondary: try part.range(of: slots.b), geometry: geometry)
        var offset: UInt32 = 0
        var number: UInt32 = 0
        while let group = groups.group(number) {
          #expect(group.start == offset && group.size == groups.size(at: offset), "\(part.name)")
          #expect(Self.isBorder(offset + group.size, in: groups), "\(part.name), \(offset)")
          for inside in Self.borders(of: groups.primary, geometry) where inside > offset {
            if inside < offset + group.size {
              #expect(!Self.isBorder(inside, in: groups), "\(part.name), \(offset), \(inside)")
            }
          }
          offset += group.size
          number += 1
          #expect(groups.count(covering: offset) == number && groups.count(covering: offset - 1) == number)
          #expect(groups.count(covering: offset - group.size + 1) == number)
        }
        #expect(number > 0 && groups.end == offset && groups.size(at: offset) == 0, "\(part.name)")
        #expect(groups.count(covering: 0) == 0 && groups.count(covering: .max) == number)
        // Nothing that both places have in common is left behind the last group.
        let rest = Self.borders(of: groups.primary, geometry).filter { $0 > offset }
        #expect(!rest.contains { Self.isBorder($0, in: groups) }, "\(part.name)")
      }
    }
  }

  @Test("Places of blocks of different sizes, by hand")
  func byHand() throws {
    let regions = [
      FlashGeometry.Region(eraseBlockSize: 64, blockCount: 6),
      FlashGeometry.Region(eraseBlockSize: 96, blockCount: 4),
    ]
    let geometry = try FlashGeometry(regions: regions.span, writeSize: 4)
    // Borders at 64, 128, 192, ... and at 96, 192, ...: in common every 192 bytes.
    let groups = BlockGroups(primary: 0..<384, secondary: 384..<768, geometry: geometry)
    #expect(groups.group(0)?.size == 192 && groups.group(1)?.start == 192 && groups.group(1)?.size == 192)
    #expect(groups.group(2) == nil && groups.end == 384)
    #expect(BlockGroups(primary: 0..<320, secondary: 384..<768, geometry: geometry).end == 192)
    #expect(BlockGroups(primary: 0..<128, secondary: 384..<768, geometry: geometry).end == 0)
    #expect(BlockGroups(primary: 384..<768, secondary: 0..<384, geometry: geometry).end == 384)
    #expect(BlockGroups(primary: 0..<128, secondary: 128..<384, geometry: geometry).end == 128)
    // The last block of the device.
    #expect(BlockGroups(primary: 672..<768, secondary: 576..<672, geometry: geometry).end == 96)
  }

  private static func isBorder(_ offset: UInt32, in groups: BlockGroups) -> Bool {
    offset <= groups.primary.size && offset <= groups.secondary.size
      && groups.geometry.isEraseBoundary(groups.primary.lowerBound + offset)
      && groups.geometry.isEraseBoundary(groups.secondary.lowerBound + offset)
  }

  /// Where blocks of a place end, from its start.
  private static func borders(of place: Range<UInt32>, _ geometry: FlashGeometry) -> [UInt32] {
    var borders: [UInt32] = []
    var position = place.lowerBound
    while position < place.upperBound, let block = geometry.eraseBlock(containing: position) {
      position = block.upperBound
      borders.append(position - place.lowerBound)
    }
    return borders
  }
}
