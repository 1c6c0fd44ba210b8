/// Where content-defined chunks end: by the bytes before the end alone, so that an insertion moves ends along with it.
///
/// - Note: Source: Docs/ChunkIndex.md.
public struct ChunkParameters: Equatable, Sendable {
  /// No chunk but the last is smaller, in bytes.
  public let minimumSize: UInt32
  /// The logarithm of the mean distance of ends, in bytes.
  public let averageLogarithm: UInt8
  /// No chunk is larger, in bytes.
  public let maximumSize: UInt32

  /// Checks and takes the parameters, which may come from outside; `nil` if they are not allowed.
  ///
  /// - Parameters:
  ///   - minimumSize: at least 64, at most `maximumSize`.
  ///   - averageLogarithm: from 6 to 24.
  ///   - maximumSize: at most 16 MiB.
  public init?(minimumSize: UInt32, averageLogarithm: UInt8, maximumSize: UInt32) {
    guard minimumSize >= 64, minimumSize <= maximumSize, maximumSize <= 16 << 20,
      averageLogarithm >= 6, averageLogarithm <= 24
    else { return nil }
    self.minimumSize = minimumSize
    self.averageLogarithm = averageLogarithm
    self.maximumSize = maximumSize
  }
}

/// Finds the ends of chunks while bytes arrive; takes no memory but 2 KiB for its table.
public struct Chunker: ~Copyable {
  private let parameters: ChunkParameters
  private let table: InlineArray<256, UInt64>
  private var hash: UInt64 = 0
  private var size: UInt32 = 0

  /// Starts before the first byte.
  public init(_ parameters: ChunkParameters) {
    self.parameters = parameters
    // The numbers of SplitMix64 from the seed 0; every one of them is what another program must have, too.
    var table = InlineArray<256, UInt64>(repeating: 0)
    var state: UInt64 = 0
    for index in 0..<256 {
      state &+= 0x9e37_79b9_7f4a_7c15
      var value = state
      value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
      value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
      table[index] = value ^ (value >> 31)
    }
    self.table = table
  }

  /// How many bytes of the current chunk have arrived.
  public var currentSize: UInt32 { size }

  /// Takes bytes up to the end of the current chunk.
  ///
  /// - Parameter bytes: the next ones.
  /// - Returns: how many of them belong to the chunk, and whether it ends behind them. If it does not, more are needed;
  ///   the last chunk ends with the file.
  public mutating func take(_ bytes: Span<UInt8>) -> (count: Int, isEnd: Bool) {
    let shift = 64 - UInt64(parameters.averageLogarithm)
    for index in 0..<bytes.count {
      // The oldest byte leaves at the top: the hash is of the last 64 bytes. Wrapping is what is meant.
      hash = (hash << 1) &+ table[Int(bytes[index])]
      size += 1
      if size >= parameters.minimumSize && hash >> shift == 0 || size == parameters.maximumSize {
        hash = 0
        size = 0
        return (index + 1, true)
      }
    }
    return (bytes.count, false)
  }
}
