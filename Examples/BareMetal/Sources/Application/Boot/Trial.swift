import Board
import OTACore
import OTACrypto
import OTAPartition

/// What becomes of the image that runs.
enum Trial {
  /// Why the storage cannot be opened.
  typealias Storage = DeviceStorage<BoardFlash>

  /// Opens the storage of the device.
  ///
  /// - Parameter handOff: of the boot loader.
  static func storage(_ handOff: HandOff) throws(StorageError) -> Storage {
    var flash = BoardFlash()
    let layout = try BoardMap.layout(on: &flash)
    return try DeviceStorage(
      opening: flash, layout: layout, runningSlot: handOff.isRecorded ? nil : handOff.slot)
  }

  /// Confirms an image on trial that is healthy, gives up one that is not, and leaves any other alone.
  ///
  /// After a revert the board is reset: the image before this one runs then.
  static func judge(_ isHealthy: Bool, _ handOff: HandOff, _ console: Console) {
    do throws(StorageError) {
      var storage = try storage(handOff)
      guard case .trial = storage.state.boot.selection else { return }
      if isHealthy {
        try storage.confirm()
        console.writeLine("trial: confirmed")
        return
      }
      do throws(StorageError) {
        try storage.revert(.healthCheckFailed, verifying: SHA256.self)
        console.writeLine("trial: reverted")
      } catch {
        guard error == .slotEmpty else { throw error }
        try storage.keep(.healthCheckFailed, verifying: SHA256.self)
        console.writeLine("trial: failed, but there is no other image")
        return
      }
    } catch {
      console.write("trial: the storage failed")
      error.code.write(to: console)
      // Attempts run out at the next starts, and the boot loader reverts.
    }
    Machine.reset()
  }
}

extension ErrorCode {
  /// Writes the rest of a line.
  func write(to console: Console) {
    console.write(", code 0x")
    console.write(hexadecimal16: rawValue)
    console.writeLine()
  }
}
