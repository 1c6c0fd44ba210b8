import Board
import OTACore
import OTACrypto
import OTAPartition

/// What the factory does to the flash of a device, and what brings one back whose flash is lost.
///
/// The golden image copies itself to slot a: it is signed, as all images are.
enum Provisioning {
  /// Writes the partition table, the image and the journal, over whatever is there.
  ///
  /// A loss of power leaves a device that boots the golden image again.
  static func run(_ kind: ActivationStrategy.Kind) throws(StorageError) {
    var flash = BoardFlash()
    let layout: DeviceLayout
    let record: ImageRecord
    do throws(LayoutError) {
      layout = try DeviceLayout(
        try BoardMap.factoryTable(kind), strategy: kind, on: flash.geometry)
    } catch {
      throw .layout(error)
    }
    record = try goldenImage(on: &flash)
    do throws(FlashError) {
      try copy(record.image.size, to: layout.slotA, on: &flash)
    } catch {
      throw .flash(error)
    }
    // The journal before the table: without a table nothing but the golden image boots.
    flash = try DeviceStorage.provision(flash, layout: layout, image: record).closed()
    var tables = try BoardMap.tables(on: flash)
    do throws(LayoutError) {
      let table = try BoardMap.factoryTable(kind)
      try format(&tables, table, on: &flash)
    } catch {
      throw .layout(error)
    }
  }

  private static func format(
    _ tables: inout PartitionTableStore, _ table: PartitionTable, on flash: inout BoardFlash
  ) throws(LayoutError) {
    do throws(StorageError) {
      try tables.format(table, on: &flash)
    } catch {
      throw .outOfBounds
    }
  }

  /// What the golden image says of itself, with the digest that the journal is to have.
  private static func goldenImage(on flash: inout BoardFlash) throws(StorageError) -> ImageRecord {
    let container: MCUbootContainer
    let contents: MCUbootContents
    do throws(MCUbootError) {
      container = try MCUbootContainer(reading: &flash, in: BoardMap.golden)
      contents = try container.digest(on: &flash, using: SHA256.self)
    } catch {
      throw .imageDigestMismatch
    }
    let version = container.header.version
    return ImageRecord(
      image: ImageDescription(digest: try digest(of: container, on: &flash), size: container.size),
      sequenceNumber: SequenceNumber(UInt64(contents.securityCounter ?? 1)),
      version: Version(UInt32(version.major), UInt32(version.minor), UInt32(version.revision)))
  }

  private static func digest(
    of container: MCUbootContainer, on flash: inout BoardFlash
  ) throws(StorageError) -> Digest {
    var hash = SHA256()
    var buffer = InlineArray<512, UInt8>(repeating: 0)
    var done: UInt32 = 0
    while done < container.size {
      let count = min(512, container.size - done)
      do throws(FlashError) {
        var window = buffer.mutableSpan
        try flash.read(into: &window, at: container.start + done)
      } catch {
        throw .flash(error)
      }
      hash.update(buffer.span.extracting(0..<Int(count)))
      done += count
    }
    return hash.finalize()
  }

  private static func copy(
    _ size: UInt32, to slot: Range<UInt32>, on flash: inout BoardFlash
  ) throws(FlashError) {
    try flash.erase(slot)
    var buffer = InlineArray<1024, UInt8>(repeating: 0)
    var done: UInt32 = 0
    while done < size {
      var window = buffer.mutableSpan
      try flash.read(into: &window, at: BoardMap.golden.lowerBound + done)
      try flash.write(buffer.span, at: slot.lowerBound + done)
      done += 1024
    }
  }
}
