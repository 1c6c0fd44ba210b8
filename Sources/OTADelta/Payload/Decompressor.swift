/// Inflates one compressed stream, piece by piece, in bounded memory.
///
/// `OTADeltaZlib` has the one for hosts; firmware brings its own.
///
/// ## Contract
/// - The same stream gives the same bytes and the same error wherever it is cut into calls. So a call that has
///   produced bytes returns them, and leaves the error to the next call.
/// - A call uses its whole input unless it fills the output or reaches the end of the stream.
/// - Nothing behind the end of the stream is consumed.
/// - Memory never exceeds ``memoryRequirement``, whatever the stream says.
public protocol Decompressor: ~Copyable {
  /// The most memory outside the value itself that an instance takes, in bytes.
  static var memoryRequirement: UInt32 { get }

  /// Starts before the first byte of a stream.
  ///
  /// - Throws: ``DeltaError/memoryExceeded`` if there is no memory.
  init() throws(DeltaError)

  /// Takes some input and makes some output.
  ///
  /// - Parameters:
  ///   - input: the next bytes of the stream; may be empty, to ask for bytes that earlier input brought.
  ///   - output: filled from its start; not empty.
  /// - Returns: how far it came. Nothing produced with all input consumed is not an error: more input is needed.
  /// - Throws: ``DeltaError/corruptStream``, ``DeltaError/unsupportedCompression`` or
  ///   ``DeltaError/memoryExceeded``; then the instance is of no more use.
  mutating func decompress(
    _ input: Span<UInt8>, into output: inout MutableSpan<UInt8>
  ) throws(DeltaError) -> DecompressionProgress
}

/// How far one call of a decompressor came.
public struct DecompressionProgress: Equatable, Sendable {
  /// How many bytes of the input are used up.
  public var consumed: Int
  /// How many bytes of the output are filled.
  public var produced: Int
  /// Whether the stream is complete, its checksum included.
  public var isAtEnd: Bool

  /// Makes a value from its parts.
  public init(consumed: Int, produced: Int, isAtEnd: Bool) {
    self.consumed = consumed
    self.produced = produced
    self.isAtEnd = isAtEnd
  }
}
