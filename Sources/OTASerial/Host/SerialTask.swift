#if !hasFeature(Embedded)
public import OTACore

/// What a host wants of a device.
public enum SerialTask: Sendable {
  /// To know what it is and runs.
  case status
  /// To bring an update, from the envelope to the receipt.
  case update(SerialUpdate)
  /// A receipt about the last update, for these bytes; at most 32.
  case receipt(nonce: [UInt8])
}

/// An update as a host brings it.
public struct SerialUpdate: Sendable {
  /// The signed envelope.
  public var envelope: [UInt8]
  /// Its payloads; the device says which one it takes.
  public var payloads: [[UInt8]]
  /// Whether the update ends with the verified image in the slot: nothing is activated.
  public var stagesOnly: Bool
  /// Whether the host confirms the image on trial as soon as it answers; the device must leave that to the host.
  public var confirms: Bool
  /// Up to 32 bytes for the receipt; `nil` for none.
  public var nonce: [UInt8]?

  /// Makes an update from its parts.
  public init(
    envelope: [UInt8], payloads: [[UInt8]], stagesOnly: Bool = false, confirms: Bool = false,
    nonce: [UInt8]? = nil
  ) {
    self.envelope = envelope
    self.payloads = payloads
    self.stagesOnly = stagesOnly
    self.confirms = confirms
    self.nonce = nonce
  }
}

/// How long a host waits, and how often it tries; all times in milliseconds.
public struct SerialPatience: Sendable {
  /// For an answer to what takes a moment.
  public var answer: Int
  /// For an answer to what takes long: to erase, write, decode or digest.
  public var work: Int
  /// Between two questions whether a device has started again, or has judged its new image.
  public var pause: Int
  /// How often a request is sent until nobody is taken to be there.
  public var attempts: Int
  /// How often to ask whether the device has started again, or has judged its new image.
  public var questions: Int
  /// How often a device may lose what it was told, because it was started again.
  public var restarts: Int

  /// Makes numbers.
  public init(
    answer: Int = 1000, work: Int = 20_000, pause: Int = 500, attempts: Int = 8, questions: Int = 240,
    restarts: Int = 64
  ) {
    self.answer = answer
    self.work = work
    self.pause = pause
    self.attempts = attempts
    self.questions = questions
    self.restarts = restarts
  }
}

/// Why a host gave up.
public enum SerialFailure: Error, Equatable, Sendable {
  /// The device refused a request.
  case refused(SerialRequest, ErrorCode)
  /// The device does not answer.
  case noAnswer(SerialRequest)
  /// The device answered with something that is not the protocol.
  case malformed(SerialRequest)
  /// The device wants a payload with this digest, and none was given.
  case payloadMissing(Digest)
  /// The device was started again too often.
  case restarts
  /// The new image did not come up, or did not judge itself in time.
  case undecided
  /// The update ended otherwise than it should.
  case notInstalled(Report.Outcome)

  /// The stable number of this failure.
  public var code: ErrorCode {
    switch self {
    case .refused(_, let code): code
    case .noAnswer: .transportTimeout
    case .malformed: .transportMalformed
    case .payloadMissing: .unknownArtifact
    case .restarts: .transportInterrupted
    case .undecided: .healthCheckTimeout
    case .notInstalled(let outcome): outcome.code ?? .bootVerificationFailed
    }
  }
}

/// What a host has found out when it is done.
public struct SerialResult: Sendable {
  /// What the device said last.
  public var status: SerialStatus
  /// The receipt, not verified yet.
  public var receipt: [UInt8]?
  /// How many bytes of the payload were sent, repetitions included.
  public var sentBytes: Int
  /// How many requests were sent again.
  public var repetitions: Int
}

/// What a host tells on the way.
public enum SerialNote: Equatable, Sendable {
  /// Text that the device has printed.
  case text([UInt8])
  /// The device was asked for something for the first time.
  case request(SerialRequest)
  /// So many bytes of the payload were taken in, of all.
  case progress(UInt32, of: UInt32)
  /// A request is sent again.
  case repetition(SerialRequest)
  /// The device refused, and the host goes on another way.
  case refusal(SerialRequest, ErrorCode)
  /// The device is started again.
  case restart
}
#endif
