import OTACore

/// An init packet: a command, and mostly a signature over it; well formed on the outside, but nobody has verified it.
///
/// - Note: Source: nRF5 SDK and `nrfutil`, `dfu-cc.proto`, `Packet`.
public struct NordicInitPacket: Sendable {
  /// The algorithm of a signature.
  public enum SignatureType: UInt8, Sendable {
    /// ECDSA on P-256 with SHA-256; r and s, each least significant byte first.
    case ecdsaP256SHA256 = 0
    /// Ed25519. Its form in packets is not written down anywhere; it is not verified here.
    case ed25519 = 1
  }

  /// The most bytes of a packet, as a boot loader takes them.
  public static var maximumSize: Int { 512 }

  /// The algorithm of the signature; `nil` if there is none.
  public private(set) var signatureType: SignatureType?
  /// The signature, as it stands in the packet.
  public private(set) var signature: NordicBytes?

  private var storage = InlineArray<512, UInt8>(repeating: 0)
  private var commandCount = 0

  /// The command as bytes: what is signed, and what is parsed.
  public var commandBytes: Span<UInt8> {
    @_lifetime(borrow self)
    borrowing get { storage.span.extracting(0..<commandCount) }
  }

  /// Reads the outside of a packet; the command itself is not parsed.
  ///
  /// - Parameter bytes: the whole packet, the contents of a `.dat` file.
  /// - Throws: ``NordicError/malformed(_:)`` for more than ``maximumSize`` bytes, and for anything but one packet in strict
  ///   form; ``NordicError/notInit`` for one with another command.
  public init(parsing bytes: Span<UInt8>) throws(NordicError) {
    var packet = NordicInitPacket()
    var isInit = true
    do throws(ParseError) {
      guard bytes.count <= NordicInitPacket.maximumSize else { throw ParseError(.limitExceeded, at: 0) }
      var reader = ProtobufReader(bytes)
      guard let field = try reader.nextField() else { throw ParseError(.truncated, at: 0) }
      try field.expectBytes()
      var message = ProtobufReader(try reader.readBytes(upTo: bytes.count))
      switch field.number {
      case 1: isInit = try packet.readCommand(&message)
      case 2: isInit = try packet.readSignedCommand(&message)
      default: throw field.unknown
      }
      // One of the two, never both.
      try reader.cursor.requireEnd()
    } catch {
      throw .malformed(error)
    }
    guard isInit else { throw .notInit }
    self = packet
  }

  private init() {}

  /// Parses the command, although nobody vouches for it.
  ///
  /// - Returns: what the packet says; anybody may have written it.
  /// - Throws: what ``NordicInitCommand/init(parsing:)`` throws.
  public func unverifiedCommand() throws(NordicError) -> NordicInitCommand {
    try NordicInitCommand(parsing: commandBytes)
  }

  /// Reads a command.
  ///
  /// - Returns: whether it is the one of an update.
  private mutating func readCommand(_ reader: inout ProtobufReader) throws(ParseError) -> Bool {
    var operation: UInt32?
    var hasInit = false
    while let field = try reader.nextField() {
      switch field.number {
      case 1:
        try field.expectNumber()
        operation = try reader.readNumber()
      case 2:
        try field.expectBytes()
        var contents = try reader.readBytes(upTo: NordicInitPacket.maximumSize)
        let bytes = contents.readRemaining()
        commandCount = bytes.count
        for index in 0..<commandCount { storage[index] = bytes[index] }
        hasInit = true
      // A command to reset; only its length is looked at.
      case 3:
        try field.expectBytes()
        _ = try reader.readBytes(upTo: NordicInitPacket.maximumSize)
        guard !hasInit else { throw field.unknown }
      default: throw field.unknown
      }
    }
    return operation == 1 && hasInit
  }

  private mutating func readSignedCommand(_ reader: inout ProtobufReader) throws(ParseError) -> Bool {
    var isInit = false
    var hasCommand = false
    while let field = try reader.nextField() {
      switch field.number {
      case 1:
        try field.expectBytes()
        var message = ProtobufReader(try reader.readBytes(upTo: NordicInitPacket.maximumSize))
        isInit = try readCommand(&message)
        hasCommand = true
      case 2: signatureType = try reader.kind(of: field) as SignatureType
      case 3:
        try field.expectBytes()
        var contents = try reader.readBytes(upTo: NordicBytes.capacity)
        signature = NordicBytes(contents.readRemaining())
      default: throw field.unknown
      }
    }
    guard hasCommand, signatureType != nil, signature != nil else {
      throw ParseError(.truncated, at: reader.cursor.offset)
    }
    return isInit
  }
}
