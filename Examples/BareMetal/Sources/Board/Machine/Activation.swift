public import OTAPartition

/// How images get to where they run, as the partition table says it: by the name of the partition for settings.
///
/// The table of OTAPartition has places and kinds only, and the strategy must be known before anything but the table is
/// read.
public enum Activation {
  /// The name that stands for a strategy.
  public static func name(of kind: ActivationStrategy.Kind) -> PartitionName {
    switch kind {
    case .direct: PartitionName("activate:direct")
    case .swapWithScratch: PartitionName("activate:scratch")
    case .swapByMove: PartitionName("activate:move")
    case .swapByOffset: PartitionName("activate:offset")
    case .overwrite: PartitionName("activate:over")
    }
  }

  /// All of them.
  public static var all: InlineArray<5, ActivationStrategy.Kind> {
    [.direct, .swapWithScratch, .swapByMove, .swapByOffset, .overwrite]
  }

  /// The strategy that a table names; `nil` if it names none.
  public static func kind(in table: PartitionTable) -> ActivationStrategy.Kind? {
    for index in 0..<table.count where table[index].kind == .data {
      let all = all
      for kind in 0..<all.count where name(of: all[kind]) == table[index].name { return all[kind] }
    }
    return nil
  }
}

extension BoardMap {
  /// The layout that the table in flash describes.
  ///
  /// - Throws: what reading the table throws; ``StorageError/layout(_:)`` with ``LayoutError/missingPartition`` if it names
  ///   no strategy, and if it does not fit.
  public static func layout(on flash: inout BoardFlash) throws(StorageError) -> DeviceLayout {
    var store = try tables(on: flash)
    let table = try store.read(from: &flash)
    guard let kind = Activation.kind(in: table) else { throw .layout(.missingPartition) }
    do throws(LayoutError) {
      return try DeviceLayout(table, strategy: kind, on: flash.geometry)
    } catch {
      throw .layout(error)
    }
  }

  /// Where the copies of the table are.
  public static func tables(on flash: borrowing BoardFlash) throws(StorageError) -> PartitionTableStore {
    do throws(LayoutError) {
      return try PartitionTableStore(copyA: tableA, copyB: tableB, on: flash.geometry)
    } catch {
      throw .layout(error)
    }
  }

  /// The table that the factory writes.
  ///
  /// - Throws: if the board's places do not fit; a defect.
  public static func factoryTable(_ kind: ActivationStrategy.Kind) throws(LayoutError) -> PartitionTable {
    var table = PartitionTable()
    func append(_ name: PartitionName, _ kind: Partition.Kind, _ number: Int) throws(LayoutError) {
      guard let place = place(kind, number) else { return }
      try table.append(Partition(name: name, kind: kind, offset: place.offset, size: place.size))
    }
    try append(PartitionName("slot-a"), .app, 0)
    try append(PartitionName("slot-b"), .app, 1)
    try append(PartitionName("journal-a"), .journal, 0)
    try append(PartitionName("journal-b"), .journal, 1)
    try append(PartitionName("scratch"), .scratch, 0)
    try append(PartitionName("golden"), .recovery, 0)
    try append(Activation.name(of: kind), .data, 0)
    return table
  }
}
