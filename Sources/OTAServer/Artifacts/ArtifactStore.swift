public import OTACore
import OTACrypto
import OTACryptoSodium

/// A folder of files that are named by the SHA-256 digest of their bytes.
///
/// A file is written under a temporary name, flushed to the disk and then renamed: whatever happens, what has the
/// name of a digest is whole. Files never change; readers need no lock.
public struct ArtifactStore: Sendable {
  /// The folder.
  public let directory: String

  /// Opens a folder, and makes it if it is missing; the folder above it must exist.
  ///
  /// Removes what an interrupted ``add(_:as:)`` left behind: not to be opened while another process adds to it.
  ///
  /// - Throws: ``StoreError/cannotOpen(path:)``, ``StoreError/readOnly(path:)``, ``StoreError/storageFull(path:)`` or
  ///   ``StoreError/failed(path:status:)`` with the system's error number.
  public init(directory: String) throws(StoreError) {
    self.directory = directory
    try FileSystem.makeDirectory(directory)
    for name in try FileSystem.names(in: directory) where name.hasSuffix(ArtifactStore.partialSuffix) {
      try FileSystem.remove(directory + "/" + name)
    }
  }

  private static let partialSuffix = ".partial"

  /// Keeps bytes under their digest; adding the same bytes again changes nothing.
  ///
  /// - Parameters:
  ///   - bytes: all of them.
  ///   - digest: the SHA-256 digest that they must have.
  /// - Throws: ``StoreError/digestMismatch`` or ``StoreError/valueOutOfRange`` (not a SHA-256 digest) before anything
  ///   is written; ``StoreError/storageFull(path:)`` (also over quota), ``StoreError/readOnly(path:)`` or
  ///   ``StoreError/failed(path:status:)``, and then nothing is left of the file.
  public func add(_ bytes: [UInt8], as digest: Digest) throws(StoreError) {
    guard digest.algorithm == .sha256 else { throw .valueOutOfRange }
    guard SodiumSHA256.digest(of: bytes.span) == digest else { throw .digestMismatch }
    let path = path(of: digest)
    // A name of its own for each writer: two that add the same bytes at once must not cut each other's file.
    let temporary = "\(path).\(UInt64.random(in: .min ... .max))\(ArtifactStore.partialSuffix)"
    try FileSystem.write(bytes, to: path, by: temporary, in: directory)
  }

  /// Where the file with this digest is, or would be.
  public func path(of digest: Digest) -> String {
    directory + "/" + String(hexadecimal: digest.bytes)
  }

  /// The length of the file with this digest, in bytes; `nil` if there is none.
  public func size(of digest: Digest) -> UInt64? {
    digest.algorithm == .sha256 ? FileSystem.size(of: path(of: digest)) : nil
  }
}
