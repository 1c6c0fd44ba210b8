import Board
import OTACore
import OTACrypto
import OTAPartition

extension Application {
  func writeVersion() {
    console.write("swift-ota example application ")
    Application.version.write(to: console)
    console.writeLine()
  }

  /// The digest of the code that runs, as it is in memory.
  func writeDigest() {
    console.write("sha-256 ")
    if let digest = SelfCheck.imageDigest() {
      for index in 0..<digest.bytes.count { console.write(hexadecimalByte: digest.bytes[index]) }
    } else {
      console.write("unreadable")
    }
    console.writeLine()
  }

  /// What the boot loader has decided at this start.
  func writeStart() {
    guard let handOff else { return console.writeLine("start: no hand-off") }
    switch handOff.slot {
    case .a: console.write("start: slot a")
    case .b: console.write("start: slot b")
    case nil: console.write("start: golden image")
    }
    switch handOff.reason {
    case .confirmed: console.writeLine(", confirmed")
    case .trial(let attemptsLeft):
      console.write(", on trial, attempts left ")
      console.write(decimal: UInt32(attemptsLeft))
      console.writeLine()
    case .reverted(let code):
      console.write(", reverted")
      code.write(to: console)
    case .fallback: console.writeLine(", fallback")
    case .recovery(let code):
      console.write(", recovery")
      code.write(to: console)
    }
  }

  func writeStatus() {
    console.write("tick ")
    console.write(decimal: station.ticks)
    console.write(" temperature ")
    console.write(hundredths: station.temperature)
    console.write(" setpoint ")
    console.write(hundredths: station.regulator.setpoint)
    console.write(" drive ")
    console.write(signed: station.drive)
    console.write(" mean ")
    console.write(hundredths: station.statistics.mean)
    console.write(" variance ")
    console.write(signed: station.statistics.variance)
    console.writeLine()
  }

  /// The CRC-32 and the digest of the image.
  func writeState() {
    console.write("image ")
    if let checksum = SelfCheck.imageChecksum() {
      console.write(hexadecimal: checksum)
    } else {
      console.write("unreadable")
    }
    console.writeLine()
    writeDigest()
  }

  func writeRecord() {
    let telemetry = Telemetry(tick: station.ticks, temperature: station.temperature, drive: station.drive)
    var buffer = InlineArray<32, UInt8>(repeating: 0)
    do throws(ParseError) {
      let count = try telemetry.serialize(into: &buffer)
      for index in 0..<count { console.write(hexadecimalByte: buffer[index]) }
      console.writeLine()
    } catch {
      console.writeLine("the record does not fit")
    }
  }

  func writeGeometry() {
    let geometry = BoardFlash().geometry
    console.write("capacity ")
    console.write(decimal: geometry.capacity)
    console.write(" write ")
    console.write(decimal: geometry.writeSize)
    console.writeLine()
    for index in 0..<geometry.regionCount {
      let region = geometry.region(index)
      console.write("  blocks ")
      console.write(decimal: region.blockCount)
      console.write(" of ")
      console.write(decimal: region.eraseBlockSize)
      console.writeLine()
    }
  }

  /// The partition table in flash.
  func writePartitions() {
    var flash = BoardFlash()
    do throws(StorageError) {
      var tables = try BoardMap.tables(on: flash)
      let table = try tables.read(from: &flash)
      for index in 0..<table.count {
        let partition = table[index]
        console.write("  ")
        console.write(hexadecimal: partition.offset)
        console.write(" size ")
        console.write(hexadecimal: partition.size)
        console.write(" ")
        console.write(partition.name.bytes)
        console.writeLine()
      }
    } catch {
      console.write("no partition table")
      error.code.write(to: console)
    }
  }

  /// Stack, other memory, and operations of the flash.
  func writeMemory() {
    console.write("stack ")
    console.write(decimal: Machine.stackUsed)
    console.write(" other ")
    console.write(decimal: Machine.staticMemory)
    console.write(" operations ")
    console.write(decimal: PowerCut.count)
    console.writeLine()
  }
}
