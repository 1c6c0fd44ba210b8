import Startup

/// Reset, and the end of an emulation.
public enum Machine {
  /// Starts again from the first instruction, by the board's means.
  public static func reset() -> Never {
    ota_reset_board()
  }

  /// Ends the emulation; on a board of one's own, waits for the power to go.
  ///
  /// - Parameter code: 0 if all is well.
  public static func end(code: UInt32) -> Never {
    ota_end(code)
  }

  /// Jumps to an image in memory.
  public static func enter(_ address: UInt) -> Never { ota_enter(address) }

  /// The most bytes of stack that were used since the program began.
  public static var stackUsed: UInt32 { ota_stack_used() }

  /// Bytes of RAM beside the stack.
  public static var staticMemory: UInt32 { ota_static_memory() }
}
