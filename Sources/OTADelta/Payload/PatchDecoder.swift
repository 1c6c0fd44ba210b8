public import OTACore

/// The decoder for a payload as its manifest describes it, whichever encoding that is.
public enum PatchDecoder<Inflater: Decompressor & ~Copyable>: ~Copyable, PayloadDecoder {
  /// The payload is the image.
  case identity(IdentityDecoder)
  /// The payload is a patch of the format `ENDSLEY/BSDIFF43`.
  case bsdiff43(BSDiff43Decoder<Inflater>)

  /// Chooses and starts a decoder.
  ///
  /// - Parameters:
  ///   - encoding: how the image is made; from a verified manifest.
  ///   - imageSize: how many bytes the new image must have; from the same manifest.
  ///   - limits: ``Limits/imageSize`` and ``Limits/decoderMemory`` apply, the latter also to the memory that the
  ///     manifest declares.
  /// - Throws: ``DeltaError/imageTooLarge`` or ``DeltaError/memoryExceeded``.
  public init(encoding: PayloadEncoding, imageSize: UInt32, limits: Limits) throws(DeltaError) {
    switch encoding {
    case .identity:
      guard imageSize <= limits.imageSize else { throw .imageTooLarge }
      self = .identity(IdentityDecoder(imageSize: imageSize))
    case .delta(let delta):
      guard delta.memory <= limits.decoderMemory else { throw .memoryExceeded }
      switch delta.format {
      case .bsdiff43:
        self = .bsdiff43(
          try BSDiff43Decoder(imageSize: imageSize, sourceSize: delta.source.size, limits: limits))
      }
    }
  }

  /// The memory to declare in a manifest for patches of a format, in bytes.
  public static func memoryRequirement(of format: DeltaFormat) -> UInt32 {
    switch format {
    case .bsdiff43: BSDiff43Decoder<Inflater>.memoryRequirement
    }
  }

  /// How many bytes of the new image were written to the sink.
  public var outputCount: UInt32 {
    switch self {
    case .identity(let decoder): decoder.outputCount
    case .bsdiff43(let decoder): decoder.outputCount
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
    case .identity(var decoder):
      do throws(PatchError<Media.SourceFailure, Media.SinkFailure>) {
        try decoder.push(bytes, media: &media)
      } catch {
        self = .identity(decoder)
        throw error
      }
      self = .identity(decoder)
    case .bsdiff43(var decoder):
      do throws(PatchError<Media.SourceFailure, Media.SinkFailure>) {
        try decoder.push(bytes, media: &media)
      } catch {
        self = .bsdiff43(decoder)
        throw error
      }
      self = .bsdiff43(decoder)
    }
  }

  /// Ends the payload; returns only if the whole image was written.
  ///
  /// - Throws: as the chosen decoder does.
  public mutating func finish() throws(DeltaError) {
    switch consume self {
    case .identity(var decoder):
      do throws(DeltaError) {
        try decoder.finish()
      } catch {
        self = .identity(decoder)
        throw error
      }
      self = .identity(decoder)
    case .bsdiff43(var decoder):
      do throws(DeltaError) {
        try decoder.finish()
      } catch {
        self = .bsdiff43(decoder)
        throw error
      }
      self = .bsdiff43(decoder)
    }
  }
}
