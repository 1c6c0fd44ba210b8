import OTASerial

/// A line between a host and a board, without time: when nothing moves any more, the host's time is out.
struct TestLine {
  let board: TestBoard
  var host: SerialHost
  /// Changes what goes to the device.
  var toDevice: ([UInt8]) -> [UInt8] = { $0 }
  /// Changes what goes to the host.
  var toHost: ([UInt8]) -> [UInt8] = { $0 }
  /// Called after each exchange.
  var between: (TestBoard) -> Void = { _ in }
  private(set) var notes: [SerialNote] = []
  private(set) var exchanges = 0

  init(_ board: TestBoard, _ task: SerialTask, times: SerialPatience = SerialPatience()) {
    self.board = board
    host = SerialHost(task, times: times)
  }

  /// Runs until the host is done.
  mutating func run(limit: Int = 20_000) -> Result<SerialResult, SerialFailure> {
    var pending = host.start()
    while exchanges < limit {
      exchanges += 1
      var answer: [UInt8] = []
      if !pending.isEmpty { answer = toHost(board.receive(toDevice(pending))) }
      pending = host.receive(answer)
      notes += host.takeNotes()
      if let outcome = host.outcome { return outcome }
      if pending.isEmpty { pending = host.timedOut() }
      notes += host.takeNotes()
      if let outcome = host.outcome { return outcome }
      between(board)
    }
    return .failure(.restarts)
  }
}
