public import OTACore

/// The decoder for a payload as its manifest describes it, whichever encoding that is.
public enum PatchDecoder<Inflater: Decompressor & ~Copyable>: ~Copyable, PayloadDecoder {
  /// The payload is the image.
  case identity(IdentityDecoder)
  /// The payload is a patch of the format `ENDSLEY/BSDIFF43`.
  case bsdiff43(BSDiff43Decoder<Inflater>)
  /// The payload is a native patch.
  case native(NativeDecoder)

  /// Chooses and starts a decoder.
  ///
  /// - Parameters:
  ///   - encoding: how the image is made; from a verified manifest.
  ///   - imageSize: how many bytes the new image must have; from the same manifest.
  ///   - limits: ``Limits/imageSize`` and ``Limits/decoderMemory`` apply, the latter also to the memory that the
  ///     manifest declares.
  ///   - memory: what a native patch may use, where nothing is allocated; the manifest must not declare more.
  /// - Throws: ``DeltaError/imageTooLarge`` or ``DeltaError/memoryExceeded``.
  public init(
    encoding: PayloadEncoding, imageSize: UInt32, limits: Limits, memory: consuming DecoderMemory
  ) throws(DeltaError) {
    if case .delta(let delta) = encoding, delta.format == .native {
      guard imageSize <= limits.imageSize, delta.source.size <= limits.imageSize else { throw .imageTooLarge }
      guard delta.memory <= limits.decoderMemory, UInt64(delta.memory) <= UInt64(memory.byteCount) else {
        throw .memoryExceeded
      }
      self = .native(NativeDecoder(imageSize: imageSize, sourceSize: delta.source.size, memory: memory))
    } else {
      self = try PatchDecoder(withoutMemory: encoding, imageSize: imageSize, limits: limits)
    }
  }

  #if !hasFeature(Embedded)
  /// Chooses and starts a decoder; a native one allocates its memory when the patch says how much, which is at most what
  /// the manifest declares.
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
        try NativeDecoder(imageSize: imageSize, sourceSize: delta.source.size, limits: limits))
    } else {
      self = try PatchDecoder(withoutMemory: encoding, imageSize: imageSize, limits: limits)
    }
  }
  #endif

  /// Starts a decoder that needs no memory but its own value and the decompressor.
  private init(withoutMemory encoding: PayloadEncoding, imageSize: UInt32, limits: Limits) throws(DeltaError)
  {
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
      case .native:
        throw .memoryExceeded
      }
    }
  }

  /// The memory to declare in a manifest for a patch, in bytes.
  ///
  /// - Parameters:
  ///   - patch: the patch, or as much of it as its header takes: ``NativeHeader/maximumSize``.
  ///   - format: its format.
  /// - Returns: what the decoder takes besides its own value.
  /// - Throws: as ``NativeHeader/parse(_:)`` does; ``DeltaError/truncated`` if the header is not whole,
  ///   ``DeltaError/unsupportedCompression`` for a coder that devices do not decode,
  ///   ``DeltaError/memoryExceeded`` if it is more than a manifest can say.
  public static func memoryRequirement(
    of patch: Span<UInt8>, format: DeltaFormat
  ) throws(DeltaError) -> UInt32 {
    switch format {
    case .bsdiff43:
      return BSDiff43Decoder<Inflater>.memoryRequirement
    case .native:
      guard let parsed = try NativeHeader.parse(patch) else { throw .truncated }
      guard parsed.header.coder != .streams else { throw .unsupportedCompression }
      guard let memory = UInt32(exactly: NativeDecoder.memoryRequirement(of: parsed.header)) else {
        throw .memoryExceeded
      }
      return memory
    }
  }

  /// How many bytes of the new image were written to the sink.
  public var outputCount: UInt32 {
    switch self {
    case .identity(let decoder): decoder.outputCount
    case .bsdiff43(let decoder): decoder.outputCount
    case .native(let decoder): decoder.outputCount
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
    case .native(var decoder):
      do throws(PatchError<Media.SourceFailure, Media.SinkFailure>) {
        try decoder.push(bytes, media: &media)
      } catch {
        self = .native(decoder)
        throw error
      }
      self = .native(decoder)
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
    case .native(var decoder):
      do throws(DeltaError) {
        try decoder.finish()
      } catch {
        self = .native(decoder)
        throw error
      }
      self = .native(decoder)
    }
  }
}
