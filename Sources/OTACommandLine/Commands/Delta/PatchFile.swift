import OTACore
import OTADelta
import OTADeltaZlib

/// A patch whose header this build understands.
struct PatchFile: Sendable {
  /// How many bytes the new image has, as the patch says.
  let imageSize: UInt32
  let bytes: [UInt8]
  let path: String

  /// The most bytes of a patch or image that the command line works on: what its formats can hold.
  static let sizeLimit = Int(Int32.max)

  /// Reads a patch and looks at its header.
  ///
  /// - Parameter path: the file.
  /// - Throws: a failure for a file that cannot be read, is no patch, or is of a format that this build lacks.
  init(reading path: String) throws(CommandFailure) {
    let bytes = try InputFile.read(path, limit: PatchFile.sizeLimit)
    guard let format = PatchFormat(patch: bytes) else {
      throw CommandFailure(
        path, why: "not a patch of a format that is known", remedy: "check that it is the right file",
        code: .deltaUnsupportedFormat)
    }
    guard format.delta != nil else {
      throw CommandFailure(
        path, why: "a patch of the format \(format.rawValue), which this build does not decode",
        remedy: "make it with --format bsdiff43", code: .deltaUnsupportedFormat)
    }
    var size: UInt64?
    do throws(ParseError) {
      var cursor = ByteCursor(bytes.span)
      _ = try cursor.readBytes(count: BSDiff43Format.magicSize)
      size = try cursor.readLittleEndian(UInt64.self)
    } catch {
      size = nil
    }
    guard let size else { throw deltaFailure(path, .truncated) }
    guard let imageSize = UInt32(exactly: size), imageSize <= PatchFile.sizeLimit else {
      throw CommandFailure(
        path, why: "says that the new image has more than \(PatchFile.sizeLimit) bytes",
        remedy: "the patch is damaged; make it again", code: .deltaMalformed)
    }
    self.imageSize = imageSize
    self.bytes = bytes
    self.path = path
  }

  /// Decodes the whole patch.
  ///
  /// - Parameters:
  ///   - sourceSize: how many bytes the old image has.
  ///   - memory: the most memory that the decoder may take, in bytes.
  ///   - source: the old image.
  ///   - sink: gets the new one.
  /// - Throws: a failure that names the patch; then the sink has a part of the image.
  func decode<Source: ImageSource, Sink: ImageSink>(
    sourceSize: UInt32, memory: UInt32, source: inout Source, sink: inout Sink
  ) throws(CommandFailure) {
    let limits = Limits(
      imageSize: .max, payloadSize: UInt32(PatchFile.sizeLimit), decoderMemory: memory)
    do throws(DeltaError) {
      var decoder = try BSDiff43Decoder<ZlibInflater>(
        imageSize: imageSize, sourceSize: sourceSize, limits: limits)
      do throws(PatchError<Source.Failure, Sink.Failure>) {
        try decoder.push(bytes.span, source: &source, sink: &sink)
      } catch {
        switch error {
        case .delta(let error): throw error
        case .source: throw .sourceOutOfRange
        case .sink: throw .abandoned
        }
      }
      try decoder.finish()
    } catch {
      throw deltaFailure(path, error)
    }
  }
}

/// A payload that the decoder refused, in words.
///
/// - Parameters:
///   - path: the patch.
///   - error: what the decoder threw.
/// - Returns: a failure with status ``ExitStatus/failed``.
func deltaFailure(_ path: String, _ error: DeltaError) -> CommandFailure {
  let (why, remedy) =
    switch error {
    case .unsupportedFormat: ("not a patch of the format bsdiff43", "check that it is the right file")
    case .unsupportedCompression: ("compressed in another way than zlib", "make it with this program")
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
