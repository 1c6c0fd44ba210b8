import OTACore

/// A small temperature controller with a serial console: something real to make an update of.
@main
struct Firmware {
  #if Diagnostics
  static var version: Version { Version(1, 1, 0) }
  #else
  static var version: Version { Version(1, 0, 0) }
  #endif

  private let console = Console()
  private var station = Station()
  private var lines = LineReader()

  static func main() {
    var firmware = Firmware()
    firmware.run()
  }

  private mutating func run() {
    writeVersion()
    writeDigest()
    writeBootDecision()
    var check = SelfCheck(console: console)
    console.writeLine(check.run() ? "healthy" : "NOT HEALTHY")
    while true {
      station.step()
      guard let byte = console.receive() else { continue }
      guard lines.take(byte) else { continue }
      let isOver = execute()
      lines.reset()
      if isOver { return }
    }
  }

  private func writeVersion() {
    console.write("swift-ota example firmware ")
    Firmware.version.write(to: console)
    console.writeLine()
  }

  /// The name that the manifest of this image has for it.
  private func writeDigest() {
    console.write("sha-256 ")
    if let digest = SelfCheck.imageDigest() {
      for index in 0..<digest.bytes.count { console.write(hexadecimalByte: digest.bytes[index]) }
    } else {
      console.write("unreadable")
    }
    console.writeLine()
  }

  /// Lets the boot manager decide on the chip in RAM; what is on it is overwritten.
  private func writeBootDecision() {
    if let decision = StorageCheck.boot() {
      decision.write(to: console)
    } else {
      console.writeLine("boot: FAILED")
    }
  }

  /// Runs the line that is complete; `true` if it was the last one.
  private mutating func execute() -> Bool {
    do throws(CommandError) {
      return execute(try Command(parsing: lines.line))
    } catch {
      switch error {
      case .unknownCommand: console.writeLine("unknown command; try help")
      case .missingArgument: console.writeLine("an argument is missing")
      case .invalidNumber: console.writeLine("not a number in range")
      case .excessArgument: console.writeLine("too many arguments")
      }
      return false
    }
  }

  private mutating func execute(_ command: Command) -> Bool {
    switch command {
    case .help:
      console.writeLine("help version status check state record geometry partitions boot quit")
      console.writeLine("sample COUNT, setpoint HUNDREDTHS, gains P I D, waveform PHASE")
      #if Diagnostics
      console.writeLine("histogram anomalies clear")
      #endif
    case .version:
      writeVersion()
    case .status:
      writeStatus()
    case .check:
      var check = SelfCheck(console: console)
      console.writeLine(check.run() ? "healthy" : "NOT HEALTHY")
    case .state:
      writeState()
    case .record:
      writeRecord()
    case .sample(let count):
      for _ in 0..<count { station.step() }
      writeStatus()
    case .setpoint(let hundredths):
      station.regulator.setpoint = hundredths
    case .gains(let proportional, let integral, let derivative):
      station.regulator.setGains(proportional: proportional, integral: integral, derivative: derivative)
    case .waveform(let phase):
      let (first, second, third) = Waveform.windings(phase: phase, amplitude: station.drive)
      console.write(signed: first)
      console.write(" ")
      console.write(signed: second)
      console.write(" ")
      console.write(signed: third)
      console.writeLine()
    case .geometry:
      BoardGeometry.write(to: console)
    case .partitions:
      BoardPartitions.write(to: console)
    case .boot:
      writeBootDecision()
    #if Diagnostics
    case .histogram:
      station.diagnostics.writeHistogram(to: console)
    case .anomalies:
      station.diagnostics.writeAnomalies(to: console)
    case .clearDiagnostics:
      station.diagnostics.clear()
    #endif
    case .quit:
      return true
    }
    return false
  }

  private func writeStatus() {
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
  private func writeState() {
    console.write("image ")
    if let checksum = SelfCheck.imageChecksum() {
      console.write(hexadecimal: checksum)
    } else {
      console.write("unreadable")
    }
    console.writeLine()
    writeDigest()
  }

  private func writeRecord() {
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
}
