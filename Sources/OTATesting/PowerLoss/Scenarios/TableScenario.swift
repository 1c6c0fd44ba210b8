import OTACore
public import OTAFlashSimulator
public import OTAPartition

/// A partition table is replaced by another.
///
/// At each start the table is read, and updated if it is the old one. The new table, once it was read or its update has
/// returned, is never lost again; what the scenario has seen is in the device's note.
public struct TableScenario: PowerLossScenario {
  /// Has the old table, in two copies.
  public let device: SimulatedFlash
  /// The areas of the two copies.
  public let mayChange: [Range<UInt32>]

  private let store: PartitionTableStore
  private let old: PartitionTable
  private let new: PartitionTable

  /// Writes the first table to a device.
  ///
  /// - Parameters:
  ///   - geometry: of the device.
  ///   - copyA: the area of the first copy.
  ///   - copyB: the area of the second copy.
  ///   - partition: a range outside both, at borders of erase blocks.
  ///   - writeToUsed: what happens to writes over units that are in use.
  /// - Throws: ``PowerLossFailure`` if the areas or the partition do not fit the device.
  public init(
    geometry: FlashGeometry, copyA: Range<UInt32>, copyB: Range<UInt32>, partition: Range<UInt32>,
    writeToUsed: SimulatedFlash.WriteToUsed = .isRefused
  ) throws(PowerLossFailure) {
    do throws(LayoutError) {
      store = try PartitionTableStore(copyA: copyA, copyB: copyB, on: geometry)
      old = try TableScenario.table("old", partition)
      new = try TableScenario.table("new", partition)
    } catch {
      throw PowerLossFailure("there is no such table: \(error)")
    }
    mayChange = [copyA, copyB]
    var flash = SimulatedFlash(geometry)
    do throws(StorageError) {
      var store = store
      try store.format(old, on: &flash)
    } catch {
      throw PowerLossFailure("the first table cannot be written: \(error)")
    }
    flash.writeToUsed = writeToUsed
    flash.resetCounters()
    device = flash
  }

  private static func table(
    _ name: StaticString, _ partition: Range<UInt32>
  ) throws(LayoutError) -> PartitionTable {
    var table = PartitionTable()
    try table.append(
      Partition(
        name: PartitionName(name), kind: .app, offset: partition.lowerBound, size: UInt32(partition.count)))
    return table
  }

  /// Reads the table, and updates it if it is the old one.
  public func start(_ device: SharedFlash) throws(PowerLossFailure) -> Bool {
    var store = store
    if try isNew(device, &store) {
      device.withFlash { $0.note = 1 }
      return true
    }
    do throws(StorageError) {
      var device = device
      try store.update(new, on: &device)
    } catch {
      throw PowerLossFailure("the table cannot be updated: \(error)")
    }
    device.withFlash { $0.note = 1 }
    return false
  }

  /// Whether a table is there, and not the old one after the new one.
  public func problem(of device: SharedFlash) -> String? {
    var store = store
    do throws(PowerLossFailure) {
      _ = try isNew(device, &store)
      return nil
    } catch {
      return "\(error)"
    }
  }

  /// Whether the new table is there, in two copies.
  public func problem(atEndOf device: SharedFlash) -> String? {
    var store = store
    do throws(PowerLossFailure) {
      guard try isNew(device, &store) else { return "the old table is there" }
      return store.hasTwoCopies ? nil : "there is one copy only"
    } catch {
      return "\(error)"
    }
  }

  /// Reads the table, which writes a copy that is missing.
  private func isNew(
    _ device: SharedFlash, _ store: inout PartitionTableStore
  ) throws(PowerLossFailure) -> Bool {
    let table: PartitionTable
    do throws(StorageError) {
      var device = device
      table = try store.read(from: &device)
    } catch {
      throw PowerLossFailure("the table is lost: \(error)")
    }
    guard table == new || table == old else { throw PowerLossFailure("this table was never written") }
    let wasNew = device.withFlash { $0.note == 1 }
    guard table == new || !wasNew else { throw PowerLossFailure("the new table is lost again") }
    return table == new
  }
}
