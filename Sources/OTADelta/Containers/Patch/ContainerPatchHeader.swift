import OTACore
import OTACrypto
public import OTADelta

/// What stands in front of the recipe in a container patch.
///
/// - Note: Source: Docs/Containers.md, "The patch".
public struct ContainerPatchHeader: Equatable, Sendable {
  /// How many bytes the old file has.
  public var oldSize: UInt32
  /// How many bytes the new file has.
  public var newSize: UInt32
  /// How many bytes the content of the old file has.
  public var oldContentSize: UInt32
  /// How many bytes the recipe has.
  public var recipeSize: UInt32
  /// The first eight bytes of the SHA-256 of the old file, the first one on top.
  public var oldDigest: UInt64
  /// The first eight bytes of the SHA-256 of the new file, the first one on top.
  public var newDigest: UInt64

  /// `OTAC`.
  static var magic: [UInt8] { [0x4f, 0x54, 0x41, 0x43] }
  private static var version: UInt8 { 1 }

  /// Makes a header from its parts.
  package init(
    oldSize: UInt32, newSize: UInt32, oldContentSize: UInt32, recipeSize: UInt32, oldDigest: UInt64,
    newDigest: UInt64
  ) {
    self.oldSize = oldSize
    self.newSize = newSize
    self.oldContentSize = oldContentSize
    self.recipeSize = recipeSize
    self.oldDigest = oldDigest
    self.newDigest = newDigest
  }

  /// The bytes of the header.
  package var serialized: [UInt8] {
    var bytes = ContainerPatchHeader.magic + [ContainerPatchHeader.version]
    for number in [oldSize, newSize, oldContentSize, recipeSize] {
      ContainerRecipe.append(number, to: &bytes)
    }
    for digest in [oldDigest, newDigest] {
      for shift in stride(from: UInt64(56), through: 0, by: -8) {
        bytes.append(UInt8(truncatingIfNeeded: digest >> shift))
      }
    }
    return bytes
  }

  /// Whether bytes begin as a container patch does.
  package static func isStart(of bytes: Span<UInt8>) -> Bool {
    guard bytes.count >= magic.count else { return false }
    for (index, expected) in magic.enumerated() where bytes[index] != expected { return false }
    return true
  }

  /// Reads a header.
  ///
  /// - Parameter bytes: the first bytes of a patch; may end within the header.
  /// - Returns: the header and how many bytes it took; `nil` if more are needed.
  /// - Throws: ``DeltaError/unsupportedFormat`` if the magic or the version is another one,
  ///   ``DeltaError/nonCanonicalNumber`` for a number that does not fit or is longer than it must be.
  public static func parse(
    _ bytes: Span<UInt8>
  ) throws(DeltaError) -> (header: ContainerPatchHeader, count: Int)? {
    for (index, expected) in (magic + [version]).enumerated() where index < bytes.count {
      guard bytes[index] == expected else { throw .unsupportedFormat }
    }
    guard bytes.count > magic.count else { return nil }
    let start = magic.count + 1
    var cursor = ByteCursor(bytes.extracting(start..<bytes.count))
    do throws(ParseError) {
      let header = ContainerPatchHeader(
        oldSize: try ContainerRecipe.readNumber(&cursor), newSize: try ContainerRecipe.readNumber(&cursor),
        oldContentSize: try ContainerRecipe.readNumber(&cursor),
        recipeSize: try ContainerRecipe.readNumber(&cursor), oldDigest: try readDigest(&cursor),
        newDigest: try readDigest(&cursor))
      return (header, start + cursor.offset)
    } catch {
      guard error.kind == .truncated else { throw .nonCanonicalNumber }
      return nil
    }
  }

  private static func readDigest(_ cursor: inout ByteCursor) throws(ParseError) -> UInt64 {
    var digest: UInt64 = 0
    for _ in 0..<8 { digest = digest << 8 | UInt64(try cursor.readByte()) }
    return digest
  }

  /// The first eight bytes of the SHA-256 of a file.
  package static func digest(of file: [UInt8]) -> UInt64 {
    var hash = SHA256()
    hash.update(file.span)
    return digest(hash)
  }

  /// The same of bytes that were hashed already.
  static func digest(_ hash: SHA256) -> UInt64 {
    let digest = hash.finalize()
    return (0..<8).reduce(0) { $0 << 8 | UInt64(digest.bytes[$1]) }
  }
}
