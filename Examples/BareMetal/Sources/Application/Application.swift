import Board
import OTACore
import OTAPartition

/// A small temperature controller with a serial console: something real to make an update of.
@main
struct Application {
  #if Faulty
  static var version: Version { Version(1, 2, 0) }
  #elseif Diagnostics
  static var version: Version { Version(1, 1, 0) }
  #else
  static var version: Version { Version(1, 0, 0) }
  #endif

  let console = Console()
  var station = Station()
  /// What the boot loader says; `nil` if nothing started this program that could.
  let handOff: HandOff?
  private var lines = LineReader()

  init(_ handOff: HandOff?) { self.handOff = handOff }

  static func main() {
    var application = Application(SharedMemory.takeHandOff())
    application.run()
  }

  private mutating func run() {
    writeVersion()
    writeDigest()
    writeStart()
    var check = SelfCheck(console: console)
    let isHealthy = check.run()
    console.writeLine(isHealthy ? "healthy" : "NOT HEALTHY")
    if let handOff, handOff.slot != nil { Trial.judge(isHealthy, handOff, console) }
    console.writeLine("ready")
    while true {
      station.step()
      guard let byte = console.receive() else { continue }
      guard lines.take(byte) else { continue }
      let isOver = execute()
      lines.reset()
      if isOver { Machine.end(code: 0) }
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
      case .invalidWay: console.writeLine("not a way to activate images; one of direct scratch move offset over")
      case .excessArgument: console.writeLine("too many arguments")
      }
      return false
    }
  }
}
