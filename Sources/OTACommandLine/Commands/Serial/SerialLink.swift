import OTACore
import OTASerial

/// What the commands over a serial line share: the options of the line, and the exchange itself.
struct SerialLink {
  /// The lines of the help about these options.
  static let usage = """
      --port PATH        a terminal such as /dev/ttyUSB0, a pseudo-terminal, or a Unix socket of an emulator
      --speed BAUD       bits a second of a terminal: 9600 to 921600 (115200)
      --patience SECONDS how long the device may take for what takes long (20)
    """

  let path: String
  private let speed: Int
  private let times: SerialPatience

  init(arguments: inout ArgumentCursor) throws(UsageError) {
    path = try arguments.requiredOption("--port")
    let speed = try arguments.integerOption("--speed", in: 9600...921_600) ?? 115_200
    guard SerialPort.speeds.contains(speed) else {
      throw .invalidValue(
        name: "--speed", value: "\(speed)",
        expected: "one of " + SerialPort.speeds.map(String.init).joined(separator: ", "))
    }
    self.speed = speed
    var times = SerialPatience()
    if let seconds = try arguments.integerOption("--patience", in: 1...3600) { times.work = seconds * 1000 }
    self.times = times
  }

  /// Does one task.
  ///
  /// - Parameters:
  ///   - task: what is wanted of the device.
  ///   - console: for what the device prints, and for progress.
  /// - Returns: what was found out.
  /// - Throws: a failure, also where the device has refused.
  func run(_ task: SerialTask, _ console: Console) throws(CommandFailure) -> SerialResult {
    let port = try SerialPort.open(path, speed: speed)
    var host = SerialHost(task, times: times, firstNumber: .random(in: 1...UInt16.max))
    var notes = SerialNotes(console)
    defer { notes.finish() }
    let clock = ContinuousClock()
    try port.write(host.start())
    var patience = host.patience
    var deadline = clock.now + .milliseconds(patience)
    while true {
      let left = max(0, Int((deadline - clock.now) / .milliseconds(1)))
      let bytes = try port.read(within: left)
      // What the device prints meanwhile does not make the host wait longer.
      var output = bytes.isEmpty ? [] : host.receive(bytes)
      let isLate = output.isEmpty && clock.now >= deadline
      if isLate, host.outcome == nil { output = host.timedOut() }
      notes.show(host.takeNotes())
      if let outcome = host.outcome {
        do throws(SerialFailure) { return try outcome.get() } catch { throw failure(error) }
      }
      if !output.isEmpty { try port.write(output) }
      if isLate || !output.isEmpty || host.patience != patience {
        patience = host.patience
        deadline = clock.now + .milliseconds(patience)
      }
    }
  }

  private func failure(_ error: SerialFailure) -> CommandFailure {
    let (why, remedy, status): (String, String, ExitStatus) =
      switch error {
      case .refused(let request, _):
        ("the device refused '\(request)'", "see Docs/ErrorCodes.md; the device works on", .refused)
      case .noAnswer(let request):
        (
          "the device does not answer to '\(request)'", "check port, speed, and that its application runs",
          .unavailable
        )
      case .malformed(let request):
        ("the answer to '\(request)' is not the protocol", "update ota or the device", .failed)
      case .payloadMissing(let digest):
        ("the device wants the payload \(digest)", "name it with --payload", .failed)
      case .restarts:
        ("the device was started again too often", "look at what it prints", .failed)
      case .undecided:
        ("the new image has not judged itself in time", "look at what the device prints", .failed)
      case .notInstalled(.failed):
        ("the update failed", "see Docs/ErrorCodes.md", .failed)
      case .notInstalled:
        ("the new image was given up, and the one before it runs again", "see Docs/ErrorCodes.md", .failed)
      }
    return CommandFailure(path, why: why, remedy: remedy, code: error.code, status: status)
  }
}

/// Shows what a host notes: what the device prints, as lines, and the payload as a bar.
private struct SerialNotes: ~Copyable {
  private let console: Console
  private var bar: ProgressBar?
  private var barTotal: UInt32 = 0

  init(_ console: Console) { self.console = console }

  mutating func show(_ notes: [SerialNote]) {
    for note in notes {
      switch note {
      case .text(let bytes):
        finish()
        for line in String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline) {
          console.note("device: " + visible(String(line)))
        }
      case .progress(let bytes, let total):
        if bar == nil || barTotal != total {
          finish()
          bar = ProgressBar(console, label: "payload", total: UInt64(total))
          barTotal = total
        }
        bar?.update(completed: UInt64(bytes))
      case .restart:
        finish()
        console.note("the device is started again")
      case .refusal(let request, let code):
        finish()
        console.note("the device refused '\(request)' [\(code.text)]; going on")
      case .request(let request):
        switch request {
        case .verify, .activate, .confirm:
          finish()
          console.note("\(request)")
        case .status, .envelope, .begin, .payload, .reset, .receipt, .revert, .cancel: break
        }
      case .repetition: break
      }
    }
  }

  mutating func finish() {
    bar?.finish()
    bar = nil
  }
}
