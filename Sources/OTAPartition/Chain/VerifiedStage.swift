public import OTACore

/// The next stage, verified and measured just now: what a jump takes.
///
/// Made by ``BootChain`` only, and not copied: a boot loader that jumps to anything else, or jumps without having measured
/// what it jumps to, does not compile.
public struct VerifiedStage: ~Copyable, Sendable {
  /// What it is.
  public let kind: StageKind
  /// Its first byte and its last, without header and signature, as a range of bytes of the device.
  public let firmware: Range<UInt32>
  /// What it is to be told; its measurements end with this stage.
  public let handOff: HandOff

  init(kind: StageKind, firmware: Range<UInt32>, handOff: HandOff) {
    self.kind = kind
    self.firmware = firmware
    self.handOff = handOff
  }

  /// Whether this start is one of a trial: the watchdog is to be started before the jump.
  public var isOnTrial: Bool {
    switch handOff.reason {
    case .trial: true
    case .confirmed, .reverted, .fallback, .recovery: false
    }
  }

  /// Leaves the hand-off, and jumps.
  ///
  /// - Parameters:
  ///   - memory: where the next stage finds its hand-off, at least ``HandOff/byteCount`` bytes that its start does not
  ///     clear.
  ///   - jump: gets the firmware; on a device it does not return.
  /// - Returns: what `jump` returns, in a simulation.
  /// - Throws: kind `ParseError.Kind.capacityExceeded` if the memory is too short; nothing is started then.
  public consuming func enter<Result: ~Copyable>(
    leaving memory: inout MutableSpan<UInt8>, _ jump: (Range<UInt32>) -> Result
  ) throws(ParseError) -> Result {
    try handOff.store(in: &memory)
    return jump(firmware)
  }
}
