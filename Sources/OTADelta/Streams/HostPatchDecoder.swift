public import OTACore
public import OTACrypto
public import OTADelta

/// The decoder for a payload as its manifest describes it, with everything that hosts know: as `PatchDecoder`, and native
/// patches with any coder.
public enum HostPatchDecoder<Inflater: Decompressor & ~Copyable, Hash: HashFunction & ~Copyable>: ~Copyable,
  PayloadDecoder
{
  /// The payload is a native patch.
  case native(NativeHostDecoder<Hash>)
  /// The payload is the image, or another patch.
  case other(PatchDecoder<Inflater>)

  /// Chooses and starts a decoder; memory is allocated when the patch says how much, which is at most what the manifest
  /// declares.
  ///
  /// - Parameters:
  ///   - encoding: how the image is made; from a verified manifest.
  ///   - imageSize: how many bytes the new image must have; from the same manifest.
  ///   - limits: ``Limits/imageSize`` and ``Limits/decoderMemory`` apply, the latter also to the memory that the
  ///     manifest declares.
  /// - Throws: ``DeltaError/imageTooLarge`` or ``DeltaError/memoryExceeded``.
  public init(encoding: PayloadEncoding, imageSize: UInt32, limits: Limits) throws(DeltaError) {
    if case .delta(let delta) = encoding, delta.format == .native {
      guard delta.memory <= limits.decoderMemory else { throw .memoryExceeded }
      var limits = limits
      limits.decoderMemory = delta.memory
      self = .native(
        try NativeHostDecoder(imageSize: imageSize, sourceSize: delta.source.size, limits: limits))
    } else {
      self = .other(try PatchDecoder(encoding: encoding, imageSize: imageSize, limits: limits))
    }
  }

  /// The memory to declare in a manifest for a patch, in bytes.
  ///
  /// - Parameters:
  ///   - patch: the patch, or as much of it as ``NativeHostDecoder/memoryRequirement(of:)`` wants.
  ///   - format: its format.
  /// - Returns: what the decoder takes besides its own value.
  /// - Throws: as ``NativeHostDecoder/memoryRequirement(of:)`` does; ``DeltaError/memoryExceeded`` if it is more than a
  ///   manifest can say.
  public static func memoryRequirement(
    of patch: Span<UInt8>, format: DeltaFormat
  ) throws(DeltaError) -> UInt32 {
    switch format {
    case .bsdiff43:
      return try PatchDecoder<Inflater>.memoryRequirement(of: patch, format: format)
    case .native:
      guard let memory = UInt32(exactly: try NativeHostDecoder<Hash>.memoryRequirement(of: patch)) else {
        throw .memoryExceeded
      }
      return memory
    }
  }

  /// How many bytes of the new image were written to the sink.
  public var outputCount: UInt32 {
    switch self {
    case .native(let decoder): decoder.outputCount
    case .other(let decoder): decoder.outputCount
    }
  }

  /// Takes the next bytes of the payload and writes all the image bytes that follow from them.
  ///
  /// - Parameters:
  ///   - bytes: any number of bytes; every division gives the same image or the same error.
  ///   - media: the old image (not read if the payload is the image), and where the new one goes.
  /// - Throws: as the chosen decoder does.
  public mutating func push<Media: PatchMedia & ~Copyable>(
    _ bytes: Span<UInt8>, media: inout Media
  ) throws(PatchError<Media.SourceFailure, Media.SinkFailure>) {
    switch consume self {
    case .native(var decoder):
      do throws(PatchError<Media.SourceFailure, Media.SinkFailure>) {
        try decoder.push(bytes, media: &media)
      } catch {
        self = .native(decoder)
        throw error
      }
      self = .native(decoder)
    case .other(var decoder):
      do throws(PatchError<Media.SourceFailure, Media.SinkFailure>) {
        try decoder.push(bytes, media: &media)
      } catch {
        self = .other(decoder)
        throw error
      }
      self = .other(decoder)
    }
  }

  /// Ends the payload; returns only if the whole image was written.
  ///
  /// - Throws: as the chosen decoder does.
  public mutating func finish() throws(DeltaError) {
    switch consume self {
    case .native(var decoder):
      do throws(DeltaError) {
        try decoder.finish()
      } catch {
        self = .native(decoder)
        throw error
      }
      self = .native(decoder)
    case .other(var decoder):
      do throws(DeltaError) {
        try decoder.finish()
      } catch {
        self = .other(decoder)
        throw error
      }
      self = .other(decoder)
    }
  }
}
