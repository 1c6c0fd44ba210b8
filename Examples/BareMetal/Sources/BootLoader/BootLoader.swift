import Board
import OTACore
import OTACrypto
import OTAPartition

/// The first program at every start: finds out what boots, verifies it, copies it to where it runs, and jumps.
///
/// Each start writes a few lines that say what was decided. Whatever is in flash, it comes to an end: the image in a slot,
/// the golden image, or a status and a halt.
@main
struct Loader {
  let console = Console()

  static func main() {
    let loader = Loader()
    loader.console.writeLine()
    loader.console.write("boot: swift-ota boot loader on ")
    loader.console.writeLine(BoardMap.name)
    guard let stage = loader.nextStage() else { loader.stop() }
    loader.start(stage)
  }

  /// Decides what boots, and says so.
  ///
  /// - Returns: `nil` if nothing does.
  private func nextStage() -> VerifiedStage? {
    var flash = BoardFlash()
    guard let keys = Keys(reading: &flash) else {
      console.writeLine("boot: no keys; the factory has not been here")
      return nil
    }
    let authority = LoadableImages(keys)
    do throws(StorageError) {
      let layout = try BoardMap.layout(on: &flash)
      write("boot: table is good, images are activated by ", layout.strategy.kind)
      return next(layout, authority)
    } catch {
      write("boot: no partition table", error.code)
      return recover(error.code, authority, on: &flash)
    }
  }

  private func next(_ layout: DeviceLayout, _ authority: LoadableImages) -> VerifiedStage? {
    do throws(StartError) {
      return try BootChain().next(
        .application, layout: layout, authority: authority,
        recovery: RecoveryPartition(BoardMap.golden, authority: authority), hash: SHA256.self
      ) { BoardFlash() }
    } catch {
      write(error)
      return nil
    }
  }

  private func recover(
    _ cause: ErrorCode, _ authority: LoadableImages, on flash: inout BoardFlash
  ) -> VerifiedStage? {
    do throws(StartError) {
      let golden = try BootLoader.recover(
        cause, recovery: RecoveryPartition(BoardMap.golden, authority: authority), hash: SHA256.self,
        on: &flash)
      return try BootChain().recover(golden)
    } catch {
      write(error)
      return nil
    }
  }

  /// Copies the image to where it runs, and jumps.
  private func start(_ stage: consuming VerifiedStage) -> Never {
    write(stage.handOff)
    let firmware = stage.firmware
    var flash = BoardFlash()
    guard load(firmware, from: &flash) else {
      console.writeLine("boot: the image cannot be copied to memory")
      stop()
    }
    console.write("boot: stack ")
    console.write(decimal: Machine.stackUsed)
    console.write(" bytes, other memory ")
    console.write(decimal: Machine.staticMemory)
    console.writeLine(" bytes")
    var memory = SharedMemory.handOff()
    do throws(ParseError) {
      try stage.enter(leaving: &memory) { _ -> Void in Machine.enter(BoardMap.application.lowerBound) }
    } catch {
      console.writeLine("boot: no memory for the hand-off")
    }
    stop()
  }

  private func load(_ firmware: Range<UInt32>, from flash: inout BoardFlash) -> Bool {
    var memory = BoardMap.applicationMemory(count: firmware.count)
    do throws(FlashError) {
      try flash.read(into: &memory, at: firmware.lowerBound)
      return true
    } catch {
      return false
    }
  }

  /// Nothing boots; only the factory can help.
  private func stop() -> Never {
    console.writeLine("boot: STOPPED")
    Machine.end(code: 2)
  }
}
