import Board
import OTACore
import OTACrypto
import OTAPartition

/// A storage on the chip in RAM: two slots and a journal, with a piece of the running image as the factory's.
enum ExampleStorage {
  /// Not a multiple of the unit of writing, and more than one erase block.
  typealias FactoryImage = InlineArray<2501, UInt8>
  static var sequenceNumber: SequenceNumber { SequenceNumber(7) }

  /// The partitions of the chip, which went through their serialised form.
  static func layout() throws(StorageError) -> DeviceLayout {
    do throws(LayoutError) {
      var table = PartitionTable()
      try table.append(Partition(name: PartitionName("slot-a"), kind: .app, offset: 0, size: 4096))
      try table.append(Partition(name: PartitionName("slot-b"), kind: .app, offset: 4096, size: 4096))
      try table.append(Partition(name: PartitionName("journal-a"), kind: .journal, offset: 8192, size: 2048))
      try table.append(
        Partition(name: PartitionName("journal-b"), kind: .journal, offset: 10_240, size: 2048))
      return try DeviceLayout(table, on: try RAMFlash().geometry)
    } catch {
      throw .layout(error)
    }
  }

  /// Erases everything and puts the factory's image into slot a.
  static func provision() throws(StorageError) -> DeviceStorage<RAMFlash> {
    var image = FactoryImage(repeating: 0)
    var bytes = image.mutableSpan
    do throws(ImageMemory.Failure) {
      try ImageMemory().read(into: &bytes, at: 0)
    } catch {
      throw .imageIncomplete
    }
    return try DeviceStorage.provision(
      try chip(), layout: try layout(), factoryImage: image.span, sequenceNumber: sequenceNumber,
      version: Application.version, hash: SHA256.self)
  }

  /// Opens what is on the chip, as after a restart; the power goes in an operation if there is one to cut in, and the
  /// decision is that of the boot manager if it ran before.
  static func reopen(
    cutIn operation: UInt32? = nil, after decision: BootDecision? = nil
  ) throws(StorageError) -> DeviceStorage<RAMFlash> {
    try DeviceStorage(
      opening: try chip(cutIn: operation), layout: try layout(), runningSlot: decision?.slot)
  }

  static func chip(cutIn operation: UInt32? = nil) throws(StorageError) -> RAMFlash {
    do throws(LayoutError) {
      return try RAMFlash(cutIn: operation)
    } catch {
      throw .layout(error)
    }
  }
}

extension Version {
  func write(to console: Console) {
    console.write(decimal: major)
    console.write(".")
    console.write(decimal: minor)
    console.write(".")
    console.write(decimal: patch)
  }
}
