public import OTAPartition

#if arch(riscv32)
/// Where everything is: QEMU's machine `virt`, with two banks of flash one behind the other.
///
/// Offsets count from the start of the first bank. That one is read only for everybody but the factory: boot loader, keys
/// and golden image are in it. Slots, journal and table are in the second.
public enum BoardMap {
  /// The name of the board.
  public static var name: StaticString { "riscv32 virt" }
  /// The address of the first byte of flash.
  public static var flashBase: UInt { 0x2000_0000 }
  /// How many bytes each bank has.
  static var bankSize: UInt32 { 32 << 20 }
  /// What software may write.
  static var writable: Range<UInt32> { bankSize..<2 * bankSize }
  /// The public keys, which the factory writes; see ``Keys``.
  public static var keys: UInt32 { 0x04_0000 }
  /// The golden image.
  public static var golden: Range<UInt32> { 0x08_0000..<0x18_0000 }
  /// The first copy of the partition table.
  public static var tableA: Range<UInt32> { 0x200_0000..<0x204_0000 }
  /// The second copy of the partition table.
  public static var tableB: Range<UInt32> { 0x204_0000..<0x208_0000 }
  /// Where images run.
  public static var application: Range<UInt> { 0x8002_0000..<0x8012_0000 }
  /// What the boot loader leaves for the application, and what the test bench leaves for both; nobody clears it.
  public static var shared: UInt { 0x8001_0000 }

  /// The table of the factory.
  static func place(_ kind: Partition.Kind, _ number: Int) -> (offset: UInt32, size: UInt32)? {
    switch (kind, number) {
    case (.journal, 0): (0x208_0000, 0x4_0000)
    case (.journal, 1): (0x20c_0000, 0x4_0000)
    case (.data, 0): (0x210_0000, 0x4_0000)
    case (.scratch, 0): (0x214_0000, 0x4_0000)
    case (.app, 0): (0x218_0000, 0xc_0000)
    case (.app, 1): (0x224_0000, 0xc_0000)
    case (.recovery, 0): (golden.lowerBound, golden.upperBound - golden.lowerBound)
    default: nil
    }
  }
}
#endif

#if arch(arm)
/// Where everything is: QEMU's machine `mps2-an386`, whose flash is a file of the host.
///
/// Offsets count from the start of the file. What is before the partitions is read only for everybody but the factory.
public enum BoardMap {
  /// The name of the board.
  public static var name: StaticString { "armv7em mps2-an386" }
  /// Erased at once; as on many chips with flash of their own.
  static var blockSize: UInt32 { 4096 }
  /// Programmed at once.
  static var writeSize: UInt32 { 8 }
  /// What software may write; the end is the end of the flash.
  static var writable: Range<UInt32> { 0x08_0000..<0x15_0000 }
  /// The public keys, which the factory writes; see ``Keys``.
  public static var keys: UInt32 { 0 }
  /// The golden image.
  public static var golden: Range<UInt32> { 0x01_0000..<0x07_0000 }
  /// The first copy of the partition table.
  public static var tableA: Range<UInt32> { 0x08_0000..<0x08_1000 }
  /// The second copy of the partition table.
  public static var tableB: Range<UInt32> { 0x08_1000..<0x08_2000 }
  /// Where images run.
  public static var application: Range<UInt> { 0x2002_0000..<0x2012_0000 }
  /// What the boot loader leaves for the application, and what the test bench leaves for both; nobody clears it.
  public static var shared: UInt { 0x2001_0000 }

  /// The table of the factory.
  static func place(_ kind: Partition.Kind, _ number: Int) -> (offset: UInt32, size: UInt32)? {
    switch (kind, number) {
    case (.journal, 0): (0x08_2000, 0x2000)
    case (.journal, 1): (0x08_4000, 0x2000)
    case (.data, 0): (0x08_6000, 0x1000)
    case (.scratch, 0): (0x08_7000, 0x1000)
    case (.app, 0): (0x09_0000, 0x6_0000)
    case (.app, 1): (0x0f_0000, 0x6_0000)
    case (.recovery, 0): (golden.lowerBound, golden.upperBound - golden.lowerBound)
    default: nil
    }
  }
}
#endif
