#if Updates
import Board
import Ed25519
import OTACore
import OTACrypto
import OTAManifest
import OTAPartition
import OTASerial
import Startup

/// The update client of the application: a session over the serial line.
typealias UpdateSession = SerialSession<BoardFlash, Ed25519Verifier, DeviceSigner>

enum Updates {
  /// Whom this device belongs to, and what it is; manifests must say the same.
  static var vendorID: UniversalIdentifier {
    UniversalIdentifier(high: 0x6f74_612d_6578_414d, low: 0x904c_652d_7665_6e64)
  }
  static var classID: UniversalIdentifier {
    UniversalIdentifier(high: 0x6f74_612d_6578_414d, low: 0x904c_652d_636c_6173)
  }

  /// Opens the storage, and goes on with whatever update there is.
  ///
  /// - Parameter handOff: of the boot loader.
  /// - Returns: a session that may have a trial to judge, or a reset due.
  /// - Throws: if the storage cannot be opened; ``StorageError/journalEmpty`` also if there are no keys.
  static func session(_ handOff: HandOff) throws(StorageError) -> UpdateSession {
    var flash = BoardFlash()
    guard let keys = Keys(reading: &flash) else { throw .journalEmpty }
    let layout = try BoardMap.layout(on: &flash)
    let storage = try DeviceStorage(
      opening: flash, layout: layout, runningSlot: handOff.isRecorded ? nil : handOff.slot)
    let device = CompactDevice(
      deviceID: UniversalIdentifier(high: classID.high, low: keys.deviceNumber), vendorID: vendorID,
      classID: classID, hardwareRevision: 1, component: CompactComponent("app"))
    return unsafe SerialSession(
      storage, device: device, verifier: Ed25519Verifier(), keys: ManifestKeySet(keys.manifest),
      signer: DeviceSigner(), memory: SerialMemory(borrowing: memory))
  }

  /// All memory that an update may use: frames, an envelope, a block of a payload, the decoder.
  private static var memory: UnsafeMutableRawBufferPointer {
    unsafe UnsafeMutableRawBufferPointer(start: ota_session_memory(), count: Int(OTA_SESSION_SIZE))
  }
}

/// The key of the device, with which it signs what it says about its updates.
struct DeviceSigner: ReceiptSigner {
  /// Computed of the seed each time; only reports need it.
  var publicKey: PublicKey {
    var seed = InlineArray<32, UInt8>(repeating: 0)
    var bytes = seed.mutableSpan
    var flash = BoardFlash()
    if (try? Keys.readSeed(into: &bytes, from: &flash)) != nil,
      let key = try? Ed25519Signer.publicKey(ofSeed: seed.span)
    {
      return key
    }
    return NoReceiptSigner().publicKey
  }

  mutating func sign(_ message: Span<UInt8>, into signature: inout MutableSpan<UInt8>) throws(CryptoError) {
    var seed = InlineArray<32, UInt8>(repeating: 0)
    var bytes = seed.mutableSpan
    var flash = BoardFlash()
    do throws(FlashError) {
      try Keys.readSeed(into: &bytes, from: &flash)
    } catch {
      throw .unavailable
    }
    try Ed25519Signer.sign(message, seed: &bytes, into: &signature)
  }
}
#endif
