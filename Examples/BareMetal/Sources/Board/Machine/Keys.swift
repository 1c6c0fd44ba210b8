public import OTACore
public import OTACrypto
import OTAPartition

/// The public keys of a device, which the factory writes beside the boot loader where no software can.
///
/// In bytes: `OTAK`, the key of images, the key of manifests, CRC-32 of everything before; each key is one of Ed25519.
public struct Keys {
  /// Whose images boot.
  public let image: PublicKey
  /// Whose updates are installed.
  public let manifest: PublicKey

  /// Reads them.
  ///
  /// - Returns: `nil` if there are none.
  public init?(reading flash: inout BoardFlash) {
    var bytes = InlineArray<72, UInt8>(repeating: 0)
    do throws(FlashError) {
      var window = bytes.mutableSpan
      try flash.read(into: &window, at: BoardMap.keys)
    } catch {
      return nil
    }
    let body = bytes.span.extracting(0..<68)
    do throws(ParseError) {
      var cursor = ByteCursor(body)
      guard try cursor.readLittleEndian(UInt32.self) == 0x4b41_544f else { return nil }
      let image = try cursor.readBytes(count: 32)
      let manifest = try cursor.readBytes(count: 32)
      var tail = ByteCursor(bytes.span.extracting(68..<72))
      guard try tail.readLittleEndian(UInt32.self) == OTAPartition.CRC32.checksum(of: body) else { return nil }
      guard let first = try? PublicKey(algorithm: .ed25519, copying: image),
        let second = try? PublicKey(algorithm: .ed25519, copying: manifest)
      else { return nil }
      (self.image, self.manifest) = (first, second)
    } catch {
      return nil
    }
  }
}
