public import OTAPartition

/// The geometries of flash devices, as data.
///
/// - Note: Source: the manufacturers' reference manuals, named with each.
public enum Geometries {
  /// A device of equal 4 KiB blocks with 4-byte units, 512 KiB: most small controllers and serial NOR.
  public static var uniform4K: FlashGeometry { make([(4, 128)], writeSize: 4) }

  /// Four blocks of 16 KiB, one of 64 KiB, seven of 128 KiB, 4-byte units: STM32F4 with 1 MiB.
  ///
  /// - Note: Source: ST RM0090, table of the flash module organisation.
  public static var stm32F4: FlashGeometry { make([(16, 4), (64, 1), (128, 7)], writeSize: 4) }

  /// Blocks of 2 KiB with 8-byte units that have error correction and are written once, 256 KiB: STM32L4 and G4.
  ///
  /// - Note: Source: ST RM0394, section 3.3.1 (a double word is programmed at once, with 8 bits of ECC).
  public static var eccDoubleWord: FlashGeometry { make([(2, 128)], writeSize: 8) }

  /// Eight blocks of 64 KiB, written by the byte, and again where bits are still erased: serial NOR, 512 KiB.
  ///
  /// - Note: Source: the command set of serial NOR devices, 64 KiB block erase (D8h) and page program (02h), as in
  ///   Winbond W25Q64JV, data sheet.
  public static var serialNOR64K: FlashGeometry { make([(64, 8)], writeSize: 1, isMultiwrite: true) }

  /// Makes a geometry of runs of blocks, each a size in KiB and a count.
  static func make(
    _ regions: [(size: UInt32, count: UInt32)], writeSize: UInt32, erasedByte: UInt8 = 0xff,
    isMultiwrite: Bool = false
  ) -> FlashGeometry {
    make(
      regions.map { FlashGeometry.Region(eraseBlockSize: $0.size << 10, blockCount: $0.count) },
      writeSize: writeSize, erasedByte: erasedByte, isMultiwrite: isMultiwrite)
  }

  /// Makes a geometry of any regions.
  static func make(
    _ regions: [FlashGeometry.Region], writeSize: UInt32, erasedByte: UInt8 = 0xff, isMultiwrite: Bool = false
  ) -> FlashGeometry {
    do throws(LayoutError) {
      return try FlashGeometry(
        regions: regions.span, writeSize: writeSize, erasedByte: erasedByte, isMultiwrite: isMultiwrite)
    } catch {
      preconditionFailure("the geometries here are valid")
    }
  }
}
