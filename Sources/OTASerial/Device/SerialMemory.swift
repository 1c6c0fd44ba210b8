import OTADelta

/// The memory of a session, from the caller: one piece, divided into a frame, an envelope, and work.
///
/// A microcontroller gives a static one. All that arrives over the line is in it, so that its size bounds what a host can
/// make a device remember.
@safe
public struct SerialMemory: Sendable {
  private let address: UInt
  /// The most bytes of the body of a request.
  public let bodySize: Int
  /// The most bytes of an envelope.
  public let envelopeSize: Int
  /// The bytes for one block of a payload and the decoder of patches.
  public let workSize: Int

  /// Divides memory.
  ///
  /// - Parameters:
  ///   - buffer: aligned to 4 bytes, and neither freed nor used otherwise while the session lives.
  ///   - envelope: the most bytes of an envelope: 600 and 32 for each block of a payload are enough for one payload, and 200
  ///     more for each other.
  ///   - body: the most bytes of the body of a request; at least 64. Larger ones go faster.
  /// - Precondition: at least 256 bytes are left for work.
  @unsafe
  public init(borrowing buffer: UnsafeMutableRawBufferPointer, envelope: Int = 2048, body: Int = 1032) {
    precondition(UInt(bitPattern: buffer.baseAddress) % 4 == 0, "the memory must be aligned to 4 bytes")
    precondition(body >= 64 && body <= 0xffff && envelope >= 256, "the parts are too small")
    address = UInt(bitPattern: buffer.baseAddress)
    bodySize = body
    envelopeSize = SerialMemory.aligned(envelope)
    workSize = buffer.count - SerialMemory.aligned(body + SerialFrame.overhead) - envelopeSize
    precondition(workSize >= 256, "there is no memory for a block")
  }

  private static func aligned(_ count: Int) -> Int { (count + 3) & ~3 }

  private var workOffset: Int { SerialMemory.aligned(bodySize + SerialFrame.overhead) + envelopeSize }

  /// Where frames are collected.
  var frame: MutableSpan<UInt8> {
    @_lifetime(borrow self)
    borrowing get { bytes(0, bodySize + SerialFrame.overhead) }
  }

  /// Where the envelope is.
  var envelope: MutableSpan<UInt8> {
    @_lifetime(borrow self)
    borrowing get { bytes(SerialMemory.aligned(bodySize + SerialFrame.overhead), envelopeSize) }
  }

  /// Where the present block of a payload is.
  ///
  /// - Precondition: it is not longer than ``workSize``.
  @_lifetime(borrow self)
  func block(_ count: Int) -> MutableSpan<UInt8> {
    precondition(count >= 0 && count <= workSize, "a block is longer than the memory")
    return bytes(workOffset, count)
  }

  /// The first bytes of the frame that was collected, to read.
  @_lifetime(borrow self)
  func frame(_ count: Int) -> Span<UInt8> {
    precondition(count >= 0 && count <= bodySize + SerialFrame.overhead, "a frame is longer than the memory")
    return readable(0, count)
  }

  /// The first bytes of the envelope, to read.
  @_lifetime(borrow self)
  func envelope(_ count: Int) -> Span<UInt8> {
    precondition(count >= 0 && count <= envelopeSize, "an envelope is longer than the memory")
    return readable(SerialMemory.aligned(bodySize + SerialFrame.overhead), count)
  }

  /// The present block, to read.
  @_lifetime(borrow self)
  func wholeBlock(_ count: Int) -> Span<UInt8> {
    precondition(count >= 0 && count <= workSize, "a block is longer than the memory")
    return readable(workOffset, count)
  }

  /// What is left for a decoder behind a block.
  func decoderMemory(behind block: Int) -> DecoderMemory {
    let start = SerialMemory.aligned(block)
    precondition(start <= workSize, "a block is longer than the memory")
    return unsafe DecoderMemory(
      borrowing: UnsafeMutableRawBufferPointer(
        start: UnsafeMutableRawPointer(bitPattern: address + UInt(workOffset + start)),
        count: workSize - start))
  }

  @_lifetime(borrow self)
  private func readable(_ offset: Int, _ count: Int) -> Span<UInt8> {
    let base = unsafe UnsafePointer<UInt8>(bitPattern: address + UInt(offset)).unsafelyUnwrapped
    return unsafe _overrideLifetime(Span(_unsafeStart: base, count: count), borrowing: self)
  }

  @_lifetime(borrow self)
  private func bytes(_ offset: Int, _ count: Int) -> MutableSpan<UInt8> {
    let base = unsafe UnsafeMutablePointer<UInt8>(bitPattern: address + UInt(offset)).unsafelyUnwrapped
    return unsafe _overrideLifetime(MutableSpan(_unsafeStart: base, count: count), borrowing: self)
  }
}
