public import OTACore
public import OTACrypto
public import OTAPartition

/// What the factory writes beside the boot loader, where no software can: whom a device believes, and who it is.
///
/// In bytes: `OTAK`, the key of images (32), the key of manifests (32), the number of the device (8, little endian), the
/// seed of its own key (32), CRC-32 of everything before. All keys are of Ed25519.
///
/// A product keeps the seed where only a secure element or a protected bank can read it.
public struct Keys {
  /// Whose images boot.
  public let image: PublicKey
  /// Whose updates are installed.
  public let manifest: PublicKey
  /// Which device this is.
  public let deviceNumber: UInt64

  private static var seed: Range<Int> { 76..<108 }

  /// Reads them.
  ///
  /// - Returns: `nil` if there are none.
  public init?(reading flash: inout BoardFlash) {
    var bytes = InlineArray<112, UInt8>(repeating: 0)
    do throws(FlashError) {
      var window = bytes.mutableSpan
      try flash.read(into: &window, at: BoardMap.keys)
    } catch {
      return nil
    }
    let body = bytes.span.extracting(0..<108)
    do throws(ParseError) {
      var cursor = ByteCursor(body)
      guard try cursor.readLittleEndian(UInt32.self) == 0x4b41_544f else { return nil }
      let image = try cursor.readBytes(count: 32)
      let manifest = try cursor.readBytes(count: 32)
      deviceNumber = try cursor.readLittleEndian()
      var tail = ByteCursor(bytes.span.extracting(108..<112))
      guard try tail.readLittleEndian(UInt32.self) == OTAPartition.CRC32.checksum(of: body) else {
        return nil
      }
      guard let first = try? PublicKey(algorithm: .ed25519, copying: image),
        let second = try? PublicKey(algorithm: .ed25519, copying: manifest)
      else { return nil }
      (self.image, self.manifest) = (first, second)
    } catch {
      return nil
    }
  }

  /// Reads the seed of the device's own key.
  ///
  /// - Parameters:
  ///   - seed: 32 bytes; wipe them after use.
  ///   - flash: the flash of the board.
  /// - Throws: what reading throws.
  public static func readSeed(into seed: inout MutableSpan<UInt8>, from flash: inout BoardFlash)
    throws(FlashError)
  {
    try flash.read(into: &seed, at: BoardMap.keys + UInt32(Keys.seed.lowerBound))
  }
}
