import OTACore
import OTACrypto
public import OTAFlashSimulator
public import OTAPartition

/// An update from its first byte to its report, on the device core as it is.
///
/// At each start the device opens its journal and boots, and then does what the journal says: patches the running image
/// into the other slot, verifies and activates it; confirms it, or gives it up; reports; is idle. Wherever it boots, what
/// runs is compared byte for byte, where it runs, with the two generations that there are.
public struct UpdateScenario: PowerLossScenario {
  /// Where slots and journal are, and how the new image gets to where it runs.
  public let layout: DeviceLayout
  /// Whether the new image passes its health check.
  public let isHealthy: Bool
  /// Provisioned with the old images, with remains of another life around them.
  public let device: SimulatedFlash

  /// The generation that the device has before.
  let old: ImageSet
  /// The one that it is updated to.
  let new: ImageSet
  /// What the patch says: the difference of each new byte from the old byte at the same place, over and over.
  let patch: [UInt8]
  /// How often the new image may boot without being confirmed: more often than there are cuts.
  let attempts: UInt8 = 8
  /// How many bytes the agent gets at a time; no multiple of anything.
  let chunkSize = 390
  /// A checkpoint at every border of an erase block that comes after so many bytes.
  let checkpointInterval: UInt32 = 2048

  /// Provisions a device.
  ///
  /// - Parameters:
  ///   - geometry: of the device.
  ///   - layout: made for it.
  ///   - oldSizes: the sizes of the images that the device has, one for each place of the layout; not 0.
  ///   - newSizes: the sizes of those that it gets.
  ///   - isHealthy: whether the new ones pass their health check.
  ///   - writeToUsed: what happens to writes over units that are in use.
  /// - Throws: ``PowerLossFailure`` if the images do not fit the layout.
  public init(
    geometry: FlashGeometry, layout: DeviceLayout, oldSizes: [Int], newSizes: [Int], isHealthy: Bool,
    writeToUsed: SimulatedFlash.WriteToUsed = .isRefused
  ) throws(PowerLossFailure) {
    guard oldSizes.count == layout.imageCount, newSizes.count == layout.imageCount else {
      throw PowerLossFailure("the layout has \(layout.imageCount) images")
    }
    self.layout = layout
    self.isHealthy = isHealthy
    let old = ImageSet(sizes: oldSizes, sequenceNumber: 5)
    let new = ImageSet(sizes: newSizes, sequenceNumber: 6)
    self.old = old
    self.new = new
    let source = old.bytes
    patch = new.bytes.enumerated().map { index, byte in byte ^ source[index % source.count] }
    device = try UpdateScenario.provisioned(
      old, geometry: geometry, layout: layout, writeToUsed: writeToUsed)
  }

  /// Slots, journal and scratch area.
  public var mayChange: [Range<UInt32>] { layout.ownRanges }

  // MARK: Provisioning

  /// A device that runs a generation of images, with the remains of another life where it is not.
  private static func provisioned(
    _ images: ImageSet, geometry: FlashGeometry, layout: DeviceLayout,
    writeToUsed: SimulatedFlash.WriteToUsed
  ) throws(PowerLossFailure) -> SimulatedFlash {
    var flash = SimulatedFlash(geometry)
    do throws(FlashError) {
      try flash.litter(around: layout.ownRanges)
      for image in 0..<layout.imageCount {
        // The last unit is filled up with erased bytes.
        var bytes = images.images[image]
        while bytes.count % Int(geometry.writeSize) != 0 { bytes.append(geometry.erasedByte) }
        let place = layout[.a, image]
        guard bytes.count <= place.count else { throw .outOfBounds }
        try flash.erase(place)
        try flash.write(bytes.span, at: place.lowerBound)
      }
    } catch {
      throw PowerLossFailure("the images cannot be written: \(error)")
    }
    do throws(StorageError) {
      let storage = try DeviceStorage.provision(flash, layout: layout, image: images.record)
      flash = storage.closed()
    } catch {
      throw PowerLossFailure("the device cannot be provisioned: \(error)")
    }
    flash.writeToUsed = writeToUsed
    flash.resetCounters()
    return flash
  }
}

extension SimulatedFlash {
  /// Leaves noise at the start of every block of some ranges, and of the blocks beside them.
  mutating func litter(around ranges: [Range<UInt32>]) throws(FlashError) {
    var blocks: [UInt32: Range<UInt32>] = [:]
    for range in ranges {
      var offset = range.lowerBound > 0 ? range.lowerBound - 1 : 0
      while offset <= range.upperBound, let block = geometry.eraseBlock(containing: offset) {
        blocks[block.lowerBound] = block
        offset = block.upperBound
      }
    }
    var random = SplitMix64(seed: 1)
    for block in blocks.values.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      let noise = (0..<min(block.count, 512)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      try write(noise.span, at: block.lowerBound)
    }
  }
}

extension DeviceLayout {
  /// What the device core may change.
  var ownRanges: [Range<UInt32>] {
    var ranges = [journalA, journalB]
    for image in 0..<imageCount { ranges += [self[.a, image], self[.b, image]] }
    if case .swapWithScratch(let scratch) = strategy { ranges.append(scratch) }
    return ranges
  }
}
