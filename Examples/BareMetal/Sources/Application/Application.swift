import Board
import OTACore
import OTAPartition

#if Updates
import OTASerial
#endif

/// A small temperature controller with a serial console: something real to make an update of.
///
/// It is told by the boot loader why it runs, checks itself, confirms itself or gives itself up if it is on trial, and
/// takes updates over the serial line.
@main
struct Application: ~Copyable {
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
  #if Updates
  /// Updates; `nil` in the golden image, which only provisions.
  private var session: UpdateSession?
  private var answer = InlineArray<560, UInt8>(repeating: 0)
  #endif
  private var splitter = LineSplitter()
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
    openSession()
    var check = SelfCheck(console: console)
    let isHealthy = check.run()
    console.writeLine(isHealthy ? "healthy" : "NOT HEALTHY")
    judge(isHealthy)
    console.writeLine("ready")
    while true {
      station.step()
      guard let byte = console.receive() else { continue }
      takeIntoSession(byte)
      guard splitter.take(byte), lines.take(byte) else { continue }
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
      case .invalidWay: console.writeLine("not one of direct scratch move offset over")
      case .excessArgument: console.writeLine("too many arguments")
      }
      return false
    }
  }
}

// Between an image and its update: without the client, an image stays what the boot loader says it is.
extension Application {
  #if Updates
  /// Opens the storage, if this image is in a slot.
  private mutating func openSession() {
    guard let handOff, handOff.slot != nil else { return }
    do throws(StorageError) {
      session = try Updates.session(handOff)
    } catch {
      console.write("updates: the storage failed")
      error.code.write(to: console)
    }
    resetIfDue()
  }

  /// Confirms this image if it is on trial and healthy, and gives it up if it is not.
  private mutating func judge(_ isHealthy: Bool) {
    guard session?.isOnTrial == true else { return }
    do throws(StorageError) {
      if isHealthy {
        try session?.confirm()
        console.writeLine("trial: confirmed")
      } else {
        try session?.giveUp(.healthCheckFailed)
        console.writeLine("trial: given up")
      }
      resetIfDue()
    } catch {
      console.write("trial: the storage failed")
      error.code.write(to: console)
      // Attempts run out at the next starts, and the boot loader reverts.
      Machine.reset()
    }
  }

  private mutating func takeIntoSession(_ byte: UInt8) {
    let bytes: InlineArray<1, UInt8> = [byte]
    let console = console
    var room = answer.mutableSpan
    session?.receive(bytes.span, answer: &room) { console.write($0) }
    resetIfDue()
  }

  private mutating func resetIfDue() {
    guard session?.isResetDue == true else { return }
    console.writeLine("reset: an image waits for it")
    Machine.reset()
  }
  #else
  private func openSession() {}
  private func judge(_ isHealthy: Bool) {}
  private func takeIntoSession(_ byte: UInt8) {}
  #endif
}

extension ErrorCode {
  /// Writes the rest of a line.
  func write(to console: Console) {
    console.write(", code 0x")
    console.write(hexadecimal16: rawValue)
    console.writeLine()
  }
}
