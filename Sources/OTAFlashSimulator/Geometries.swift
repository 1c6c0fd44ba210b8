public import OTAPartition

/// The geometries of flash devices, as data.
///
/// - Note: Source: the manufacturers' reference manuals, named with each.
public enum Geometries {
  /// A device of equal 4 KiB blocks with 4-byte units, 512 KiB: most small controllers and serial NOR.
  public static var uniform4K: FlashGeometry {
    make([FlashGeometry.Region(eraseBlockSize: 4 << 10, blockCount: 128)], writeSize: 4)
  }

  /// Four blocks of 16 KiB, one of 64 KiB, seven of 128 KiB, 4-byte units: STM32F4 with 1 MiB.
  ///
  /// - Note: Source: ST RM0090, table of the flash module organisation.
  public static var stm32F4: FlashGeometry {
    make(
      [
        FlashGeometry.Region(eraseBlockSize: 16 << 10, blockCount: 4),
        FlashGeometry.Region(eraseBlockSize: 64 << 10, blockCount: 1),
        FlashGeometry.Region(eraseBlockSize: 128 << 10, blockCount: 7),
      ], writeSize: 4)
  }

  /// Blocks of 2 KiB with 8-byte units that have error correction and are written once, 256 KiB: STM32L4 and G4.
  ///
  /// - Note: Source: ST RM0394, section 3.3.1 (a double word is programmed at once, with 8 bits of ECC).
  public static var eccDoubleWord: FlashGeometry {
    make([FlashGeometry.Region(eraseBlockSize: 2 << 10, blockCount: 128)], writeSize: 8)
  }

  private static func make(_ regions: [FlashGeometry.Region], writeSize: UInt32) -> FlashGeometry {
    do throws(LayoutError) {
      return try FlashGeometry(regions: regions.span, writeSize: writeSize)
    } catch {
      preconditionFailure("the geometries here are valid")
    }
  }
}
