public import OTACore
public import OTAPartition

/// Why a package for Nordic's DFU cannot be read, or is not believed.
public enum NordicPackageError: Error, Equatable, Sendable {
  /// The bytes are not a zip archive, or one that is damaged.
  case notAnArchive
  /// There are more files than `Limits.package`.
  case tooManyFiles
  /// A file, or all of them together, are larger than the limits say, or larger than they say themselves.
  case fileTooLarge
  /// A file is encrypted, or compressed in another way than the tools of Nordic do it.
  case unsupportedCompression
  /// A name is used twice, or is one that could be taken for a path.
  case unusableName
  /// A file cannot be unpacked, or has not the checksum that stands in the archive.
  case damagedFile
  /// There is no `manifest.json`.
  case manifestMissing
  /// `manifest.json` is not what it should be.
  case manifestMalformed
  /// `manifest.json` names a file that is not there.
  case fileMissing
  /// The init packet of this image is refused.
  case packet(NordicPackage.Kind, NordicError)
  /// A package with init packets of the older form is only read, never written.
  case olderForm
  /// The archive cannot be written.
  case writingFailed

  /// The stable number of this error.
  public var code: ErrorCode {
    switch self {
    case .notAnArchive, .damagedFile: .truncated
    case .tooManyFiles, .fileTooLarge: .limitExceeded
    case .unsupportedCompression, .olderForm: .unsupported
    case .unusableName, .manifestMissing, .manifestMalformed, .fileMissing: .invalidValue
    case .packet(_, let error): error.code
    case .writingFailed: .capacityExceeded
    }
  }
}

extension NordicPackageError: CustomStringConvertible {
  /// One clause for people, without a capital and without a full stop.
  public var description: String {
    switch self {
    case .notAnArchive: "it is not a zip archive, or a damaged one"
    case .tooManyFiles: "there are more files in it than a package has"
    case .fileTooLarge: "a file in it is larger than is allowed, or than the archive says"
    case .unsupportedCompression: "a file in it is encrypted, or compressed in an unusual way"
    case .unusableName: "a name in it is used twice, or could be a path"
    case .damagedFile: "a file in it is damaged"
    case .manifestMissing: "there is no manifest.json in it"
    case .manifestMalformed: "its manifest.json is not that of a DFU package"
    case .fileMissing: "its manifest.json names a file that is not in it"
    case .packet(let kind, let error): "the init packet of the \(kind): \(error.description)"
    case .olderForm: "packages of the older form are not written"
    case .writingFailed: "the archive cannot be written"
    }
  }
}
