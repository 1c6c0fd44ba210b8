import OTAPartition

/// What can be typed on the serial port.
enum Command: Equatable {
  case help
  case version
  case status
  case check
  case state
  case record
  case sample(count: UInt32)
  case setpoint(hundredths: Int32)
  case gains(proportional: Int32, integral: Int32, derivative: Int32)
  case waveform(phase: UInt32)
  case geometry
  case partitions
  case boot
  case memory
  case provision(ActivationStrategy.Kind)
  case probe
  case reset
  #if Diagnostics
  case histogram
  case anomalies
  case clearDiagnostics
  #endif
  case quit
}

/// Why a line is no command.
enum CommandError: UInt8, Error {
  case unknownCommand
  case missingArgument
  case invalidNumber
  case invalidWay
  case excessArgument
}

extension Command {
  /// Reads a line.
  init(parsing line: Span<UInt8>) throws(CommandError) {
    var words = Words(line)
    let name = words.next()
    if matches(name, "help") {
      self = .help
    } else if matches(name, "version") {
      self = .version
    } else if matches(name, "status") {
      self = .status
    } else if matches(name, "check") {
      self = .check
    } else if matches(name, "state") {
      self = .state
    } else if matches(name, "record") {
      self = .record
    } else if matches(name, "geometry") {
      self = .geometry
    } else if matches(name, "partitions") {
      self = .partitions
    } else if matches(name, "boot") {
      self = .boot
    } else if matches(name, "memory") {
      self = .memory
    } else if matches(name, "probe") {
      self = .probe
    } else if matches(name, "reset") {
      self = .reset
    } else if matches(name, "provision") {
      self = .provision(try words.way())
    } else if matches(name, "sample") {
      let count = try words.number(in: 1...1000)
      self = .sample(count: UInt32(count))
    } else if matches(name, "setpoint") {
      self = .setpoint(hundredths: try words.number(in: -4000...12_500))
    } else if matches(name, "gains") {
      let proportional = try words.number(in: 0...32_767)
      let integral = try words.number(in: 0...32_767)
      self = .gains(
        proportional: proportional, integral: integral, derivative: try words.number(in: 0...32_767))
    } else if matches(name, "waveform") {
      let phase = try words.number(in: 0...65_535)
      self = .waveform(phase: UInt32(phase))
    } else if matches(name, "quit") {
      self = .quit
    } else {
      #if Diagnostics
      if matches(name, "histogram") {
        self = .histogram
      } else if matches(name, "anomalies") {
        self = .anomalies
      } else if matches(name, "clear") {
        self = .clearDiagnostics
      } else {
        throw .unknownCommand
      }
      #else
      throw .unknownCommand
      #endif
    }
    guard words.next().isEmpty else { throw .excessArgument }
  }
}

/// The words of a line, from left to right.
private struct Words: ~Escapable {
  private let line: Span<UInt8>
  private var position = 0

  @_lifetime(copy line)
  init(_ line: Span<UInt8>) {
    self.line = line
  }

  /// The next word; empty at the end of the line.
  @_lifetime(copy self)
  mutating func next() -> Span<UInt8> {
    while position < line.count, line[position] == 0x20 { position += 1 }
    let start = position
    while position < line.count, line[position] != 0x20 { position += 1 }
    return line.extracting(start..<position)
  }

  /// The next word as a way to activate images.
  mutating func way() throws(CommandError) -> ActivationStrategy.Kind {
    let word = next()
    guard !word.isEmpty else { throw .missingArgument }
    if matches(word, "direct") { return .direct }
    if matches(word, "scratch") { return .swapWithScratch }
    if matches(word, "move") { return .swapByMove }
    if matches(word, "offset") { return .swapByOffset }
    if matches(word, "over") { return .overwrite }
    throw .invalidWay
  }

  /// The next word as a number.
  mutating func number(in range: ClosedRange<Int32>) throws(CommandError) -> Int32 {
    let word = next()
    guard !word.isEmpty else { throw .missingArgument }
    let isNegative = word[0] == 0x2d
    guard word.count > (isNegative ? 1 : 0) else { throw .invalidNumber }
    var value: Int32 = 0
    for index in (isNegative ? 1 : 0)..<word.count {
      guard word[index] >= 0x30, word[index] <= 0x39 else { throw .invalidNumber }
      let (product, productOverflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, sumOverflow) = product.addingReportingOverflow(Int32(word[index] - 0x30))
      guard !productOverflow, !sumOverflow else { throw .invalidNumber }
      value = sum
    }
    if isNegative { value = -value }
    guard range.contains(value) else { throw .invalidNumber }
    return value
  }
}

/// Whether a word is this text.
private func matches(_ word: Span<UInt8>, _ text: StaticString) -> Bool {
  guard word.count == text.utf8CodeUnitCount else { return false }
  let start = unsafe text.utf8Start
  for index in 0..<word.count where unsafe word[index] != start[index] { return false }
  return true
}
