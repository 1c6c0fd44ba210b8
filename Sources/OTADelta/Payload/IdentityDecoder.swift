/// The decoder of payloads that are images: passes the bytes on and counts them.
public struct IdentityDecoder: ~Copyable, PayloadDecoder {
  /// The most memory that an instance takes, in bytes.
  public static var memoryRequirement: UInt32 { UInt32(MemoryLayout<IdentityDecoder>.size) }

  /// How many bytes of the new image were written to the sink.
  public private(set) var outputCount: UInt32 = 0

  private let imageSize: UInt32
  private var failure: DeltaError?

  /// Starts before the first byte.
  ///
  /// - Parameter imageSize: how many bytes the image must have.
  public init(imageSize: UInt32) {
    self.imageSize = imageSize
  }

  /// Passes bytes on.
  ///
  /// - Parameters:
  ///   - bytes: any number of bytes.
  ///   - media: where the image goes; no old image is read.
  /// - Throws: ``DeltaError/trailingData`` if there are more bytes than the image has; those that it has are
  ///   written. ``PatchError/sink(_:)`` if the sink fails.
  public mutating func push<Media: PatchMedia & ~Copyable>(
    _ bytes: Span<UInt8>, media: inout Media
  ) throws(PatchError<Media.SourceFailure, Media.SinkFailure>) {
    if let failure { throw .delta(failure) }
    let missing = imageSize - outputCount
    // Compared in 64 bits: `missing` need not fit the Int of a 32-bit device until it is known to be the smaller.
    let count = UInt64(bytes.count) <= UInt64(missing) ? bytes.count : Int(missing)
    if count > 0 {
      do throws(Media.SinkFailure) {
        try media.writeImage(bytes.extracting(0..<count))
      } catch {
        failure = .abandoned
        throw .sink(error)
      }
      outputCount += UInt32(count)
    }
    guard count == bytes.count else {
      failure = .trailingData
      throw .delta(.trailingData)
    }
  }

  /// Ends the payload.
  ///
  /// - Throws: ``DeltaError/imageSizeMismatch`` if bytes are missing, or what an earlier call threw.
  public mutating func finish() throws(DeltaError) {
    if let failure { throw failure }
    guard outputCount == imageSize else {
      failure = .imageSizeMismatch
      throw .imageSizeMismatch
    }
  }
}
