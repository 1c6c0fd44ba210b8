#if !hasFeature(Embedded)
import OTACore
import OTACrypto

/// The host's end of an update over a serial line: bytes in, bytes out, and time as an event.
///
/// One request is on its way at a time. Send what ``start()``, ``receive(_:)`` and ``timedOut()`` return; call
/// ``timedOut()`` when nothing has come for ``patience``; stop when ``outcome`` is there. The device may be started again,
/// lose frames or answer twice at any moment.
public struct SerialHost {
  /// What is going on.
  enum Phase: Equatable {
    case status
    case begin
    case envelope
    case payload
    case verify
    case activate
    case reset
    /// Until the device answers again, and its new image is judged.
    case trial
    case confirm
    case receipt
  }

  private let task: SerialTask
  private let times: SerialPatience
  private let updateID: Digest?
  private var line = SerialLine()
  private var phase = Phase.status
  private var number: UInt16
  private var request = SerialRequest.status
  private var attempts = 0
  private var questions = 0
  private var restarts = 0
  /// How often the device has answered instead of starting again.
  private var unstarted = 0
  private var isPausing = false
  private var hasSentEnvelope = false
  private var blockFailures = 0
  private var envelopeOffset = 0
  private var payload: [UInt8] = []
  private var payloadOffset = 0
  private var notes: [SerialNote] = []
  private var status: SerialStatus?
  private var sentBytes = 0
  private var repetitions = 0

  /// How it ended; `nil` while it goes on.
  public private(set) var outcome: Result<SerialResult, SerialFailure>?

  /// Takes a task.
  ///
  /// - Parameters:
  ///   - task: what to do.
  ///   - times: how long to wait, and how often to try.
  ///   - firstNumber: of the first request; the next ones follow, so that answers to an earlier host do not count.
  public init(_ task: SerialTask, times: SerialPatience = SerialPatience(), firstNumber: UInt16 = 0) {
    self.task = task
    self.times = times
    number = firstNumber
    if case .update(let update) = task {
      updateID = SHA256.digest(of: update.envelope.span)
    } else {
      updateID = nil
    }
  }

  /// How long to wait for bytes before ``timedOut()`` is called, in milliseconds.
  public var patience: Int {
    if isPausing { return times.pause }
    switch request {
    case .status, .envelope, .reset, .cancel: return times.answer
    case .begin, .payload, .verify, .activate, .receipt, .confirm, .revert: return times.work
    }
  }

  /// What was noted since the last call.
  public mutating func takeNotes() -> [SerialNote] {
    defer { notes = [] }
    return notes
  }

  /// The first request.
  public mutating func start() -> [UInt8] { send() }

  /// Takes in bytes from the line.
  ///
  /// - Returns: what is to be sent; often nothing.
  public mutating func receive(_ bytes: [UInt8]) -> [UInt8] {
    var output: [UInt8] = []
    for item in line.receive(bytes) {
      switch item {
      case .text(let text): notes.append(.text(text))
      case .garbage: break
      case .answer(let answered, let answeredNumber, let body):
        // An answer to something that was sent before says nothing about now.
        guard outcome == nil, !isPausing, answered == request, answeredNumber == number else { continue }
        output += take(body)
      }
    }
    return output
  }

  /// Nothing has come for ``patience``.
  ///
  /// - Returns: what is to be sent.
  public mutating func timedOut() -> [UInt8] {
    for item in line.flush() { if case .text(let text) = item { notes.append(.text(text)) } }
    guard outcome == nil else { return [] }
    if isPausing {
      isPausing = false
      return send()
    }
    attempts += 1
    if phase == .trial { return ask() }
    if phase == .reset, attempts >= 3 {
      // It may have restarted without its answer getting through.
      notes.append(.restart)
      return enter(.trial)
    }
    guard attempts < times.attempts else { return fail(.noAnswer(request)) }
    repetitions += 1
    notes.append(.repetition(request))
    return SerialLine.encode(request, number: number, body: body())
  }

  // MARK: Requests

  private mutating func enter(_ next: Phase) -> [UInt8] {
    phase = next
    return send()
  }

  private mutating func send() -> [UInt8] {
    let next = requestOfPhase
    if next != request || number == 0 { notes.append(.request(next)) }
    request = next
    number &+= 1
    attempts = 0
    let body = body()
    if request == .payload { sentBytes += body.count - 8 }
    return SerialLine.encode(request, number: number, body: body)
  }

  private var requestOfPhase: SerialRequest {
    switch phase {
    case .status, .trial: .status
    case .begin: .begin
    case .envelope: .envelope
    case .payload: .payload
    case .verify: .verify
    case .activate: .activate
    case .reset: .reset
    case .confirm: .confirm
    case .receipt: .receipt
    }
  }

  private func body() -> [UInt8] {
    switch request {
    case .status, .reset: return []
    case .begin, .verify, .activate, .confirm, .revert, .cancel: return name
    case .receipt:
      switch task {
      case .status: return []
      case .update(let update): return update.nonce ?? []
      case .receipt(let nonce): return nonce
      }
    case .envelope:
      guard case .update(let update) = task else { return [] }
      let end = min(envelopeOffset + room, update.envelope.count)
      return words(UInt32(update.envelope.count), UInt32(envelopeOffset))
        + update.envelope[envelopeOffset..<end]
    case .payload:
      let end = min(payloadOffset + room, payload.count)
      let first = name.prefix(4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      return words(first, UInt32(payloadOffset)) + payload[payloadOffset..<end]
    }
  }

  private var name: [UInt8] { updateID.map { id in id.bytes.indices.map { id.bytes[$0] } } ?? [] }

  /// How many bytes go into a request behind two numbers.
  private var room: Int { max(16, (status?.bodySize ?? 64) - 8) }

  private func words(_ first: UInt32, _ second: UInt32) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: first >> (8 * $0)) }
      + (0..<4).map { UInt8(truncatingIfNeeded: second >> (8 * $0)) }
  }

  // MARK: Answers

  private mutating func take(_ body: [UInt8]) -> [UInt8] {
    attempts = 0
    do throws(ParseError) {
      var cursor = ByteCursor(body.span)
      let number: UInt16 = try cursor.readLittleEndian()
      guard number == 0 else { return refused(number, &cursor) }
      return try accepted(&cursor)
    } catch {
      return fail(.malformed(request))
    }
  }

  private mutating func accepted(_ cursor: inout ByteCursor) throws(ParseError) -> [UInt8] {
    switch phase {
    case .status, .trial:
      let status = try SerialStatus(parsing: &cursor)
      self.status = status
      return phase == .trial ? judge(status) : begin(status)
    case .envelope:
      guard case .update(let update) = task else { return [] }
      let next = Int(try cursor.readLittleEndian(UInt32.self))
      guard next <= update.envelope.count else { throw ParseError(.invalidValue, at: 2) }
      envelopeOffset = next
      return enter(next == update.envelope.count ? .begin : .envelope)
    case .begin:
      return try open(&cursor)
    case .payload:
      return advance(to: try cursor.readLittleEndian())
    case .verify:
      guard case .update(let update) = task, !update.stagesOnly else { return succeed() }
      return enter(.activate)
    case .activate: return enter(.reset)
    case .reset:
      notes.append(.restart)
      return pause(.trial)
    case .confirm: return enter(.trial)
    case .receipt:
      let bytes = cursor.readRemaining()
      return succeed(receipt: bytes.indices.map { bytes[$0] })
    }
  }

  private mutating func refused(_ number: UInt16, _ cursor: inout ByteCursor) -> [UInt8] {
    guard let code = ErrorCode(rawValue: number) else { return fail(.malformed(request)) }
    switch (phase, code) {
    case (.begin, .truncated), (.begin, .unknownUpdate):
      // It has not this envelope yet, or was started again since.
      guard !hasSentEnvelope else { return beginAgain() }
      hasSentEnvelope = true
      envelopeOffset = 0
      return enter(.envelope)
    case (.payload, .unknownUpdate), (.verify, .unknownUpdate), (.activate, .unknownUpdate),
      (.verify, .payloadSizeMismatch):
      // It was started again, and has forgotten what it was told.
      notes.append(.refusal(request, code))
      return beginAgain()
    case (.payload, .payloadDigestMismatch):
      blockFailures += 1
      guard blockFailures <= times.attempts, let next = try? cursor.readLittleEndian(UInt32.self) else {
        return fail(.refused(request, code))
      }
      notes.append(.refusal(request, code))
      return advance(to: next)
    case (.reset, .policyRejected): return enter(.trial)
    default: return fail(.refused(request, code))
    }
  }

  /// Where to start, from what the device says.
  private mutating func begin(_ status: SerialStatus) -> [UInt8] {
    switch task {
    case .status: return succeed()
    case .receipt: return enter(.receipt)
    case .update(let update):
      if status.updateID == updateID, !update.stagesOnly {
        switch status.state {
        case .trial, .rollingBack: return judge(status)
        case .applying: return enter(.reset)
        case .reporting where status.outcome == .installed: return judge(status)
        case .idle, .checking, .offered, .downloading, .verifying, .readyToApply, .reporting, .error: break
        }
      }
      return enter(.begin)
    }
  }

  private mutating func beginAgain() -> [UInt8] {
    restarts += 1
    guard restarts <= times.restarts else { return fail(.restarts) }
    hasSentEnvelope = false
    return enter(.status)
  }

  /// The slot is open: the device says what it wants, and from where on.
  private mutating func open(_ cursor: inout ByteCursor) throws(ParseError) -> [UInt8] {
    guard case .update(let update) = task else { return [] }
    let digest = try Digest(algorithm: .sha256, bytes: try cursor.readBytes(count: 32))
    let size: UInt32 = try cursor.readLittleEndian()
    _ = try cursor.readByte()
    let next: UInt32 = try cursor.readLittleEndian()
    guard next <= size else { throw ParseError(.invalidValue, at: 39) }
    if next < size {
      guard
        let payload = update.payloads.first(where: {
          $0.count == Int(size) && SHA256.digest(of: $0.span) == digest
        })
      else { return fail(.payloadMissing(digest)) }
      self.payload = payload
    }
    payloadOffset = Int(next)
    notes.append(.progress(next, of: size))
    return enter(next == size ? .verify : .payload)
  }

  private mutating func advance(to next: UInt32) -> [UInt8] {
    guard next <= payload.count else { return fail(.malformed(request)) }
    payloadOffset = Int(next)
    notes.append(.progress(next, of: UInt32(payload.count)))
    return enter(payloadOffset == payload.count ? .verify : .payload)
  }

  /// What a device that was started again says about its new image.
  private mutating func judge(_ status: SerialStatus) -> [UInt8] {
    guard case .update(let update) = task else { return succeed() }
    guard status.updateID == updateID else { return fail(.undecided) }
    phase = .trial
    switch status.state {
    case .reporting:
      guard status.outcome == .installed else {
        return fail(status.outcome.map { .notInstalled($0) } ?? .malformed(.status))
      }
      return update.nonce == nil ? succeed() : enter(.receipt)
    case .trial:
      if update.confirms, status.allowsHostDecision { return enter(.confirm) }
      return ask()
    case .applying:
      // About to be started again; or the request to do it was lost, and it will never be by itself.
      unstarted += 1
      return unstarted % 3 == 0 ? enter(.reset) : ask()
    case .rollingBack:
      // About to be started again.
      return ask()
    case .idle, .checking, .offered, .downloading, .verifying, .readyToApply, .error:
      return fail(.undecided)
    }
  }

  /// Asks again after a pause, for as long as that makes sense.
  private mutating func ask() -> [UInt8] {
    questions += 1
    guard questions <= times.questions else {
      return fail(status?.isOnTrial == true ? .undecided : .noAnswer(.status))
    }
    return pause(.trial)
  }

  private mutating func pause(_ next: Phase) -> [UInt8] {
    phase = next
    isPausing = true
    return []
  }

  private mutating func succeed(receipt: [UInt8]? = nil) -> [UInt8] {
    guard let status else { return fail(.malformed(request)) }
    outcome = .success(
      SerialResult(status: status, receipt: receipt, sentBytes: sentBytes, repetitions: repetitions))
    return []
  }

  private mutating func fail(_ failure: SerialFailure) -> [UInt8] {
    outcome = .failure(failure)
    return []
  }
}
#endif
