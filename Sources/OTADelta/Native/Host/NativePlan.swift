#if !hasFeature(Embedded)
/// What an encoder decides before a native patch is coded.
package struct NativePlan: Equatable, Sendable {
  /// A part of the new image that comes from the old one.
  package struct Cover: Equatable, Sendable {
    package var old: UInt32
    package var new: UInt32
    package var length: UInt32

    package init(old: UInt32, new: UInt32, length: UInt32) {
      self.old = old
      self.new = new
      self.length = length
    }
  }

  /// A part of the old image that holds addresses of one kind.
  package struct Region: Equatable, Sendable {
    /// A multiple of 256.
    package var start: UInt32
    package var kind: RegionKind

    package init(start: UInt32, kind: RegionKind) {
      self.start = start
      self.kind = kind
    }
  }

  /// Where an image is in memory.
  package struct Space: Equatable, Sendable {
    package var base: UInt64
    package var segments: [Segment]
    /// What the words of `offset32` regions are counted from.
    package var origin: UInt32

    package init(base: UInt64 = 0, segments: [Segment] = [], origin: UInt32 = 0) {
      self.base = base
      self.segments = segments
      self.origin = origin
    }

    var addressSpace: AddressSpace {
      var space = AddressSpace()
      space.base = base
      for segment in segments.prefix(AddressSpace.maximumSegmentCount) { space.append(segment) }
      return space
    }
  }

  package var architecture: Architecture
  package var old: Space
  package var new: Space
  package var regions: [Region]
  package var covers: [Cover]

  /// How many bytes of the new image come from the old one.
  package var coveredCount: Int { covers.reduce(0) { $0 + Int($1.length) } }

  package init(
    architecture: Architecture, old: Space = Space(), new: Space = Space(), regions: [Region] = [],
    covers: [Cover] = []
  ) {
    self.architecture = architecture
    self.old = old
    self.new = new
    self.regions = regions
    self.covers = covers
  }
}
#endif
