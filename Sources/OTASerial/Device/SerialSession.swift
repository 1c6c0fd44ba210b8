public import OTACore
public import OTACrypto
import OTADelta
public import OTAManifest
public import OTAPartition
public import OTAStateMachine

/// What an application leaves to the host.
public struct SerialOptions: Sendable {
  /// Whether the host may confirm the image on trial, or give it up; otherwise only the application does.
  public var allowsHostDecision: Bool
  /// How often a new image may boot without being confirmed; at least 1.
  public var trialAttempts: UInt8

  /// Makes options.
  ///
  /// - Precondition: there is an attempt.
  public init(allowsHostDecision: Bool = false, trialAttempts: UInt8 = 3) {
    precondition(trialAttempts > 0, "an image on trial needs an attempt")
    self.allowsHostDecision = allowsHostDecision
    self.trialAttempts = trialAttempts
  }
}

/// How many frames of a session were no use.
public struct SerialCounters: Equatable, Sendable {
  /// Bytes between delimiters that were no frame: broken, cut off, with a wrong checksum, or of another protocol.
  public var garbage: UInt32 = 0
  /// Frames that were longer than the memory for one.
  public var oversized: UInt32 = 0
  /// Frames that were taken.
  public var frames: UInt32 = 0

  /// Starts with none.
  public init() {}
}

/// What a call of ``SerialSession/receive(_:answer:)`` has done.
public struct SerialStep: Equatable, Sendable {
  /// How many bytes were taken in; the others are for the next call.
  public var taken: Int
  /// How many bytes of the answer are to be sent; often none.
  public var answerCount: Int
}

/// The device's end of an update over a serial line: bytes in, bytes out, and a slot that is written on the way.
///
/// Without heap and without clock. The application feeds it what the line brings, sends what it answers, and asks
/// ``isOnTrial`` and ``isResetDue``; everything else follows from what the host asks for. All bytes from the line are
/// untrusted: before a byte reaches the flash, the envelope was signed by a trusted key, is for this device, and newer than
/// what it has, and the block of the payload has the digest that was signed.
///
/// A host that vanishes leaves a session that waits; the next one goes on where it was. So does a device that loses its
/// power: the journal knows how much of the image is in the slot.
///
/// - Note: Source: project decision, Docs/SerialProtocol.md.
public struct SerialSession<
  Device: Flash & ~Copyable, Verifier: SignatureVerifier, Signer: ReceiptSigner & ~Copyable
>: ~Copyable {
  var target: SerialTarget<Device>
  var machine: UpdateMachine
  let device: CompactDevice
  let verifier: CompactManifestVerifier<Verifier>
  var signer: Signer
  let memory: SerialMemory
  let options: SerialOptions

  private var collector = FrameCollector()
  /// What came over the line so far.
  public internal(set) var counters = SerialCounters()
  /// Whether the device is to be started again, as soon as the last answer was sent.
  public internal(set) var isResetDue = false
  /// Why the last request, or the last update, was refused.
  public internal(set) var lastRefusal: ErrorCode?

  /// How many bytes the envelope has that is being received, and how many of them are there.
  var envelopeTotal: UInt32 = 0
  var envelopeCount: UInt32 = 0
  /// The update that is being received; the envelope stays in memory for it, because of its digests.
  var offer: Offer?
  var payload: CompactPayload?
  var patch: NativeDecoder?
  /// How many bytes of the payload were authenticated and handed on, and how many wait for the rest of their block.
  var releasedBytes: UInt32 = 0
  var pendingBytes: UInt32 = 0
  var verified: VerifiedImage?

  /// Goes on after a start of the device.
  ///
  /// A trial that was given up is recorded as the outcome of its update; if that cannot be written, the next start does it.
  ///
  /// - Parameters:
  ///   - storage: open; `DeviceStorage.init(opening:layout:runningSlot:)`.
  ///   - device: what it is.
  ///   - verifier: the backend for signatures.
  ///   - keys: the keys that may sign manifests.
  ///   - signer: the device's own key; ``NoReceiptSigner`` if it has none.
  ///   - memory: for all that arrives.
  ///   - options: what is left to the host.
  public init(
    _ storage: consuming DeviceStorage<Device>, device: CompactDevice, verifier: Verifier,
    keys: ManifestKeySet, signer: consuming Signer, memory: SerialMemory,
    options: SerialOptions = SerialOptions()
  ) {
    machine = UpdateMachine(resuming: storage.state.update)
    target = SerialTarget(storage)
    self.device = device
    self.verifier = CompactManifestVerifier(verifier: verifier, keys: keys)
    self.signer = signer
    self.memory = memory
    self.options = options
    let action = machine.handle(.started(startReason))
    if case .revert(let code) = action { recordReversion(code) }
    recordState()
  }

  /// What the journal and the slots hold.
  public var state: DeviceState { target.storage.state }

  /// Where the device is in the life of an update.
  public var updateState: UpdateState { machine.state }

  /// Whether the running image is on trial: the application is to find out whether it is healthy, and then to call
  /// ``confirm()`` or ``giveUp(_:)``.
  public var isOnTrial: Bool {
    if case .trial = machine.state { return true }
    return false
  }

  /// Takes in bytes from the line, up to the end of the next frame.
  ///
  /// Never waits and never fails: frames that are no use are counted and dropped.
  ///
  /// - Parameters:
  ///   - bytes: what the line brought, divided in any way.
  ///   - answer: takes what is to be sent back; at least ``SerialFrame/maximumAnswerSize`` bytes.
  /// - Returns: how much was taken in, and how much is to be sent. Call again with the rest.
  /// - Precondition: there is room for an answer.
  public mutating func receive(_ bytes: Span<UInt8>, answer: inout MutableSpan<UInt8>) -> SerialStep {
    precondition(answer.count >= SerialFrame.maximumAnswerSize, "there is no room for an answer")
    let memory = memory
    var index = 0
    while index < bytes.count {
      var frame = memory.frame
      let event = collector.take(bytes[index], into: &frame)
      index += 1
      switch event {
      case .none: continue
      case .broken: counters.garbage &+= 1
      case .oversized: counters.oversized &+= 1
      case .bytes(let count):
        let answered = take(memory.frame(count), answer: &answer)
        if answered > 0 { return SerialStep(taken: index, answerCount: answered) }
      }
    }
    return SerialStep(taken: index, answerCount: 0)
  }

  /// Takes in all bytes, and hands each answer on.
  ///
  /// - Parameters:
  ///   - bytes: what the line brought, divided in any way.
  ///   - answer: room for one; at least ``SerialFrame/maximumAnswerSize`` bytes.
  ///   - send: gets whole answers, in order.
  /// - Precondition: there is room for an answer.
  public mutating func receive(
    _ bytes: Span<UInt8>, answer: inout MutableSpan<UInt8>, send: (Span<UInt8>) -> Void
  ) {
    var rest = bytes
    while !rest.isEmpty {
      let step = receive(rest, answer: &answer)
      if step.answerCount > 0 { send(answer.span.extracting(0..<step.answerCount)) }
      rest = rest.extracting(droppingFirst: step.taken)
    }
  }

  /// Gives the storage back.
  ///
  /// - Returns: the storage, with everything committed; an update that is being received goes on in another session.
  public consuming func closed() -> DeviceStorage<Device> { target.closed() }

  /// Why this image was started, as far as the journal and the boot manager say.
  private var startReason: StartReason {
    let boot = target.storage.state.boot
    switch boot.selection {
    case .trial(let slot, _) where slot == target.storage.runningSlot: return .trial
    // The boot manager gave the trial up and could not record it.
    case .trial: return .reverted(boot.lastRevert ?? .bootVerificationFailed)
    case .confirmed:
      guard let code = boot.lastRevert else { return .confirmed }
      return .reverted(code)
    }
  }

  /// Looks at what is between two delimiters.
  ///
  /// - Returns: how many bytes the answer has; none if it was not a request.
  private mutating func take(_ bytes: Span<UInt8>, answer: inout MutableSpan<UInt8>) -> Int {
    guard let (type, number, range) = SerialFrame.parse(bytes), type & SerialFrame.answerBit == 0 else {
      counters.garbage &+= 1
      return 0
    }
    counters.frames &+= 1
    var body = SerialAnswer()
    do throws(SerialRefusal) {
      guard let request = SerialRequest(rawValue: type) else { throw SerialRefusal(.unsupported) }
      body.append(0, bytes: 2)
      try answerRequest(request, bytes.extracting(range), &body)
    } catch {
      lastRefusal = error.code
      body = SerialAnswer()
      body.append(UInt64(error.code.rawValue), bytes: 2)
      // Whoever sends a payload goes on from here.
      if type == SerialRequest.payload.rawValue { body.append(UInt64(nextPayloadByte), bytes: 4) }
    }
    return SerialFrame.encode(
      type: type | SerialFrame.answerBit, number: number, body: body.span, into: &answer)
  }

  private mutating func answerRequest(
    _ request: SerialRequest, _ body: Span<UInt8>, _ answer: inout SerialAnswer
  ) throws(SerialRefusal) {
    switch request {
    case .status: writeStatus(&answer)
    case .envelope: try takeEnvelope(body, &answer)
    case .begin: try begin(try updateID(body), &answer)
    case .payload: try takePayload(body, &answer)
    case .verify: try verify(try updateID(body))
    case .activate: try activate(try updateID(body))
    case .reset: try reset()
    case .receipt: try writeReceipt(body, &answer)
    case .confirm: try decide(try updateID(body), isGood: true)
    case .revert: try decide(try updateID(body), isGood: false)
    case .cancel: try cancel(try updateID(body))
    }
  }

  /// The name of an update, which is all of a body.
  private func updateID(_ body: Span<UInt8>) throws(SerialRefusal) -> Digest {
    guard let digest = try? Digest(algorithm: .sha256, bytes: body) else {
      throw SerialRefusal(.invalidValue)
    }
    return digest
  }
}
