import OTAFlashSimulator
import OTAPartition

func flashSimulator() throws {
  // snippet.show
  var flash = SimulatedFlash(Geometries.uniform4K)
  try flash.erase(0..<4096)
  flash.cutPower(atOperation: flash.counters.modifications, outcome: .prefix(units: 1))
  do {
    try flash.write([0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08].span, at: 0)
  } catch {
    flash.restorePower()
    // The first unit of four bytes was written, the second was not.
    print(flash.contents(of: 0..<8))
  }
  // snippet.hide
}
