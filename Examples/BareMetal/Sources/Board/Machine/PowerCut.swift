import Startup

/// Counts the operations of the flash since the emulator began, over resets, and ends the emulation in the one that a test
/// bench asks for.
///
/// The bench writes the number to memory before the first instruction; 0 is never.
public enum PowerCut {
  /// The exit code of an emulation that ended so.
  static var exitCode: UInt32 { 99 }

  private static var limit: UInt { BoardMap.shared + 0x800 }
  private static var mark: UInt { BoardMap.shared + 0x804 }
  private static var counter: UInt { BoardMap.shared + 0x808 }
  private static var magic: UInt32 { 0x4355_5453 }

  /// How many operations were counted.
  public static var count: UInt32 { ota_load32(mark) == magic ? ota_load32(counter) : 0 }

  /// Counts an operation.
  ///
  /// - Returns: whether it is the one in which the power goes: do a part of it, then call ``cut()``.
  static func isDue() -> Bool {
    let next = count + 1
    ota_store32(mark, magic)
    ota_store32(counter, next)
    return next == ota_load32(limit)
  }

  /// The power is gone.
  static func cut() -> Never { Machine.end(code: exitCode) }
}
