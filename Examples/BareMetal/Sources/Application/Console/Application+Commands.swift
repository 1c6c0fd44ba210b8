import Board
import OTACore
import OTAPartition

extension Application {
  /// Does what was typed.
  ///
  /// - Returns: whether it was the end.
  mutating func execute(_ command: Command) -> Bool {
    switch command {
    case .help:
      console.writeLine("help version status check state record geometry partitions boot memory reset quit")
      console.writeLine(
        "sample COUNT, setpoint HUNDREDTHS, gains P I D, waveform PHASE, provision WAY, probe")
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
      writeGeometry()
    case .partitions:
      writePartitions()
    case .boot:
      writeStart()
    case .memory:
      writeMemory()
    case .provision(let kind):
      provision(kind)
    case .probe:
      probe()
    case .reset:
      console.writeLine("reset")
      Machine.reset()
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

  /// Holds the driver of the flash against the contract; only where nothing is lost by it.
  private func probe() {
    guard let handOff, handOff.slot == nil else {
      return console.writeLine("probe: refused, this device has an image")
    }
    guard let count = FlashCheck.run() else { return console.writeLine("probe: FAILED") }
    console.write("probe: broken rules of the contract ")
    console.write(decimal: count)
    console.writeLine()
  }

  /// Makes a device of a blank one; only the golden image does, since nothing else is lost then.
  private func provision(_ kind: ActivationStrategy.Kind) {
    guard let handOff, handOff.slot == nil else {
      return console.writeLine("provision: refused, this device has an image")
    }
    do throws(StorageError) {
      try Provisioning.run(kind)
      console.writeLine("provision: done, reset")
    } catch {
      console.write("provision: FAILED")
      return error.code.write(to: console)
    }
    Machine.reset()
  }
}
