import OTACore
public import OTAPartition

/// The memory in which the boot loader leaves its hand-off.
public enum SharedMemory {
  /// The memory itself, which is always there.
  @_lifetime(immortal)
  public static func handOff() -> MutableSpan<UInt8> {
    unsafe span(at: BoardMap.shared, count: HandOff.byteCount)
  }

  /// Takes what the boot loader has left; it is gone then.
  ///
  /// - Returns: `nil` if there is nothing that can be read.
  public static func takeHandOff() -> HandOff? {
    var memory = handOff()
    do throws(ParseError) {
      return try HandOff.take(from: &memory)
    } catch {
      return nil
    }
  }

  /// Memory at a fixed address that nothing else uses.
  @unsafe @_lifetime(immortal)
  static func span(at address: UInt, count: Int) -> MutableSpan<UInt8> {
    let start = unsafe UnsafeMutablePointer<UInt8>(bitPattern: address).unsafelyUnwrapped
    return unsafe _overrideLifetime(MutableSpan(_unsafeStart: start, count: count), copying: ())
  }
}

extension BoardMap {
  /// The memory in which an image of this size runs.
  ///
  /// - Precondition: it fits, and nothing runs there.
  @_lifetime(immortal)
  public static func applicationMemory(count: Int) -> MutableSpan<UInt8> {
    precondition(count <= application.count, "the image does not fit the memory")
    return unsafe SharedMemory.span(at: application.lowerBound, count: count)
  }
}
