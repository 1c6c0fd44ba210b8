public import OTACore

/// Why a payload was refused.
public enum DeltaError: UInt8, Error, Equatable, Sendable, CaseIterable {
  /// The payload does not begin as its format does, or wants a part of it that is not decoded.
  case unsupportedFormat
  /// The compressed stream is of another kind, or wants a preset dictionary.
  case unsupportedCompression
  /// The payload or the compressed stream ends before the image does.
  case truncated
  /// There are bytes behind the end of the image or of the compressed stream.
  case trailingData
  /// The compressed stream does not decode, or its checksum is wrong; or parts of the payload contradict each other.
  case corruptStream
  /// A number is not in the one form that it must have: negative zero, or too many bytes.
  case nonCanonicalNumber
  /// A size or length is negative.
  case negativeLength
  /// The declared or delivered size of the new image is not the one that the caller expects.
  case imageSizeMismatch
  /// The expected image is larger than the limit.
  case imageTooLarge
  /// The decoder needs more memory than the limit, or there is none to be had.
  case memoryExceeded
  /// A control triple or an instruction makes more bytes than the new image or its window has.
  case outputOverflow
  /// A control triple or an instruction reads or seeks outside the old image, or outside its segment.
  case sourceOutOfRange
  /// Too many control triples, or an instruction, make no byte.
  case noProgress
  /// The old image is not the one that the patch was made from: by a digest in the patch, or one that the caller compares.
  case sourceMismatch
  /// The new image is not the one that was promised: by a digest in the patch, or one that the caller compares.
  case outputMismatch
  /// The decoder was used on after its source or sink had failed.
  case abandoned

  /// The stable number of this error.
  public var code: ErrorCode {
    switch self {
    case .unsupportedFormat, .unsupportedCompression: .deltaUnsupportedFormat
    case .truncated, .trailingData, .corruptStream, .nonCanonicalNumber, .negativeLength, .outputOverflow,
      .noProgress:
      .deltaMalformed
    case .imageSizeMismatch, .outputMismatch, .abandoned: .deltaOutputMismatch
    case .imageTooLarge: .limitExceeded
    case .memoryExceeded: .deltaMemoryExceeded
    case .sourceOutOfRange: .deltaSourceOutOfRange
    case .sourceMismatch: .deltaSourceMismatch
    }
  }
}

/// Why a payload was not applied: it was refused, or the media around the decoder failed.
public enum PatchError<SourceFailure: Error, SinkFailure: Error>: Error {
  /// The payload was refused.
  case delta(DeltaError)
  /// The old image could not be read.
  case source(SourceFailure)
  /// The new image could not be written.
  case sink(SinkFailure)
}

extension PatchError: Equatable where SourceFailure: Equatable, SinkFailure: Equatable {}
