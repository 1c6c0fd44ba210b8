#if !hasFeature(Embedded)
public import OTACore
import OTAStateMachine

/// What a device says when it is asked for its status; the layout is in Docs/SerialProtocol.md.
public struct SerialStatus: Equatable, Sendable {
  /// Where a device is in the life of an update, by the names of `UpdateState`.
  public enum State: UInt8, Sendable, CaseIterable {
    case idle = 0
    case checking = 1
    case offered = 2
    case downloading = 3
    case verifying = 4
    case readyToApply = 5
    case applying = 6
    case trial = 7
    case rollingBack = 8
    case reporting = 9
    case error = 10
  }

  /// Where it is in the life of an update.
  public var state: State
  /// The slot that runs.
  public var slot: SlotIdentifier
  /// Whether the running image is on trial.
  public var isOnTrial: Bool
  /// Whether the host may confirm the image on trial, or give it up.
  public var allowsHostDecision: Bool
  /// How many more starts an image on trial has.
  public var attemptsLeft: UInt8
  /// This one device.
  public var deviceID: UniversalIdentifier
  /// Who made it.
  public var vendorID: UniversalIdentifier
  /// Which product it is.
  public var classID: UniversalIdentifier
  /// The revision of its board.
  public var hardwareRevision: UInt32
  /// The sequence number of the running image.
  public var sequenceNumber: SequenceNumber
  /// The security counter.
  public var securityCounter: SequenceNumber
  /// The version of the running image.
  public var version: Version
  /// The running image.
  public var image: ImageDescription
  /// The length of the inactive slot, in bytes.
  public var slotSize: UInt32
  /// The most bytes of the body of a request.
  public var bodySize: Int
  /// The most bytes of an envelope.
  public var envelopeSize: Int
  /// The memory for a block of a payload and the decoder of patches together, in bytes.
  public var workSize: UInt32
  /// Why the last request or update was refused.
  public var lastRefusal: ErrorCode?
  /// Why the last trial was given up.
  public var lastRevert: ErrorCode?
  /// The update that is going on, is staged, or was the last.
  public var updateID: Digest?
  /// How many bytes its payload has, while it is received.
  public var payloadSize: UInt32
  /// How many of them were taken in.
  public var payloadBytes: UInt32
  /// How many bytes of the image are in the slot, as far as the journal knows.
  public var stagedBytes: UInt32
  /// How the last update ended, if no other was begun since.
  public var outcome: Report.Outcome?
  /// How many frames the device has taken since its start.
  public var frames: UInt32
  /// How often it found something else than a frame since its start.
  public var garbage: UInt32
  /// How many frames were too long for it since its start.
  public var oversized: UInt32
  /// The component that its slots hold.
  public var component: [UInt8]

  /// Reads the body of an answer, behind its code.
  ///
  /// - Throws: a `ParseError` if it is not one of this version.
  public init(parsing cursor: inout ByteCursor) throws(ParseError) {
    let start = cursor.offset
    guard try cursor.readByte() == SerialFrame.version else { throw ParseError(.unsupported, at: start) }
    guard let state = State(rawValue: try cursor.readByte()),
      let slot = SlotIdentifier(rawValue: try cursor.readByte())
    else { throw ParseError(.invalidValue, at: start) }
    (self.state, self.slot) = (state, slot)
    let flags = try cursor.readByte()
    (isOnTrial, allowsHostDecision) = (flags & 1 != 0, flags & 2 != 0)
    attemptsLeft = try cursor.readByte()
    _ = try cursor.readByte()
    deviceID = try UniversalIdentifier(bytes: try cursor.readBytes(count: 16))
    vendorID = try UniversalIdentifier(bytes: try cursor.readBytes(count: 16))
    classID = try UniversalIdentifier(bytes: try cursor.readBytes(count: 16))
    hardwareRevision = try cursor.readLittleEndian()
    sequenceNumber = SequenceNumber(try cursor.readLittleEndian())
    securityCounter = SequenceNumber(try cursor.readLittleEndian())
    version = Version(
      try cursor.readLittleEndian(), try cursor.readLittleEndian(), try cursor.readLittleEndian())
    let size: UInt32 = try cursor.readLittleEndian()
    image = ImageDescription(
      digest: try Digest(algorithm: .sha256, bytes: try cursor.readBytes(count: 32)), size: size)
    slotSize = try cursor.readLittleEndian()
    bodySize = Int(try cursor.readLittleEndian(UInt16.self))
    envelopeSize = Int(try cursor.readLittleEndian(UInt32.self))
    workSize = try cursor.readLittleEndian()
    lastRefusal = ErrorCode(rawValue: try cursor.readLittleEndian())
    lastRevert = ErrorCode(rawValue: try cursor.readLittleEndian())
    let name = try Digest(algorithm: .sha256, bytes: try cursor.readBytes(count: 32))
    updateID = SerialStatus.isZero(name.bytes) ? nil : name
    payloadSize = try cursor.readLittleEndian()
    payloadBytes = try cursor.readLittleEndian()
    stagedBytes = try cursor.readLittleEndian()
    let kind = Report.Outcome.Kind(rawValue: try cursor.readByte())
    let code = ErrorCode(rawValue: try cursor.readLittleEndian())
    outcome = kind.flatMap { Report.Outcome($0, code: code) }
    frames = try cursor.readLittleEndian()
    garbage = try cursor.readLittleEndian()
    oversized = try cursor.readLittleEndian()
    let count = Int(try cursor.readByte())
    let bytes = try cursor.readBytes(count: count)
    component = bytes.indices.map { bytes[$0] }
    try cursor.requireEnd()
  }

  private static func isZero(_ bytes: Span<UInt8>) -> Bool {
    for index in 0..<bytes.count where bytes[index] != 0 { return false }
    return true
  }
}
#endif
