import OTACore
import OTADelta

/// A patch whose header this build understands.
struct PatchFile: Sendable {
  /// What the patch is.
  let format: PatchFormat
  /// How many bytes the new image has, as the patch says.
  let imageSize: UInt32
  /// What the decoder takes at most, in bytes.
  let decoderMemory: UInt32
  let bytes: [UInt8]
  let path: String
  private let codec: any PatchCodec.Type

  /// The most bytes of a patch or image that the command line works on: what its formats can hold.
  static let sizeLimit = Int(Int32.max)
  /// As much is taken for a new image at once, in bytes; more only as it is made: what a patch says of its size need
  /// not be true.
  static let reservedSize = 64 << 20

  /// Reads a patch and looks at its header.
  ///
  /// - Parameter path: the file.
  /// - Throws: a failure for a file that cannot be read, or is no patch.
  init(reading path: String) throws(CommandFailure) {
    let bytes = try InputFile.read(path, limit: PatchFile.sizeLimit)
    guard let format = PatchFormat(patch: bytes) else {
      throw CommandFailure(
        path, why: "not a patch of a format that is known", remedy: "check that it is the right file",
        code: .deltaUnsupportedFormat)
    }
    let codec = format.codec
    do throws(DeltaError) {
      guard let size = UInt32(exactly: try codec.imageSize(of: bytes)), size <= PatchFile.sizeLimit else {
        throw .imageTooLarge
      }
      imageSize = size
      decoderMemory = try codec.decoderMemory(of: bytes)
    } catch .imageTooLarge {
      throw CommandFailure(
        path, why: "says that the new image has more than \(PatchFile.sizeLimit) bytes",
        remedy: "the patch is damaged; make it again", code: .deltaMalformed)
    } catch {
      throw deltaFailure(path, format, error)
    }
    self.format = format
    self.bytes = bytes
    self.path = path
    self.codec = codec
  }

  /// Decodes the whole patch.
  ///
  /// - Parameters:
  ///   - sourceSize: how many bytes the old image has.
  ///   - memory: the most memory that the decoder may take, in bytes.
  ///   - source: the old image.
  ///   - sink: gets the new one.
  /// - Returns: the digest of the new image.
  /// - Throws: a failure that names the patch; then the sink has a part of the image.
  func decode<Source: ImageSource, Sink: ImageSink>(
    sourceSize: UInt32, memory: UInt32, source: inout Source, sink: inout Sink
  ) throws(CommandFailure) -> Digest {
    do throws(DeltaError) {
      return try codec.decodeWithDigest(
        bytes, imageSize: imageSize, sourceSize: sourceSize, limits: PatchFile.limits(memory: memory),
        from: &source, to: &sink)
    } catch {
      throw deltaFailure(path, format, error)
    }
  }

  /// Tells what is in the patch, without the image that it starts from.
  ///
  /// - Throws: a failure that names the patch.
  func contents() throws(CommandFailure) -> PatchContents {
    do throws(DeltaError) {
      return try codec.contents(
        of: bytes, imageSize: imageSize, limits: PatchFile.limits(memory: .max))
    } catch {
      throw deltaFailure(path, format, error)
    }
  }

  private static func limits(memory: UInt32) -> Limits {
    Limits(imageSize: .max, payloadSize: UInt32(sizeLimit), decoderMemory: memory)
  }
}

/// A payload that the decoder refused, in words.
///
/// - Parameters:
///   - path: the patch.
///   - format: what it was taken for.
///   - error: what the decoder threw.
/// - Returns: a failure with status ``ExitStatus/failed``.
func deltaFailure(_ path: String, _ format: PatchFormat, _ error: DeltaError) -> CommandFailure {
  let (why, remedy) =
    switch error {
    case .unsupportedFormat:
      ("not a patch of the format \(format.rawValue)", "check that it is the right file")
    case .unsupportedCompression:
      ("compressed in a way that this build does not decode", "make it with this program")
    case .truncated: ("the patch ends too early", "get the whole file, or make it again")
    case .trailingData:
      ("there are bytes behind the end of the patch", "get the file again, or make it again")
    case .corruptStream: ("the compressed data is damaged", "get the file again, or make it again")
    case .nonCanonicalNumber, .negativeLength, .outputOverflow, .noProgress:
      ("the patch is damaged: \(error)", "get the file again, or make it again")
    case .sourceOutOfRange:
      ("the patch reads outside the old image", "check that old image and patch belong together")
    case .memoryExceeded:
      ("the decoder needs more memory than it may have", "allow more with --memory")
    case .imageTooLarge: ("the image is larger than is accepted here", "check that it is the right file")
    case .imageSizeMismatch, .sourceMismatch, .outputMismatch, .abandoned:
      ("old image and patch do not belong together", "use the image that the patch was made from")
    }
  return CommandFailure(path, why: why, remedy: remedy, code: error.code)
}
