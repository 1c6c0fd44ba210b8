import OTACore
import OTACrypto
import OTANordicDFU
import OTAPartition

/// A file that holds an image, told by its first bytes.
enum ImageFile: Sendable {
  /// An image of MCUboot; well formed, but nobody has verified it.
  case mcuboot(MCUbootContainer, ImageBytes)
  /// An application of ESP-IDF; well formed, but nobody has verified it.
  case espressif(EspressifContainer, ImageBytes)
  /// A package for the boot loaders of Nordic's nRF5 SDK; nobody has verified it.
  case nordicPackage(NordicPackage)
  /// Another zip archive.
  case zipArchive

  /// The most bytes of an image that the command line works on.
  static let sizeLimit = Int(Int32.max)

  /// Reads a file and looks what it is.
  ///
  /// - Parameter path: the file, or `-`.
  /// - Throws: what `InputFile` throws; status ``ExitStatus/failed`` if it is none of these, or ends too early.
  init(reading path: String) throws(CommandFailure) {
    let bytes = try InputFile.read(path, limit: ImageFile.sizeLimit)
    guard !bytes.isEmpty, var flash = ImageBytes(bytes) else {
      throw CommandFailure(
        path, why: "the file is empty", remedy: "check that it is the right file", code: .truncated)
    }
    switch (bytes[0], bytes.prefix(4)) {
    case (_, [0x3d, 0xb8, 0xf3, 0x96]):
      do throws(MCUbootError) {
        let container = try MCUbootContainer(reading: &flash, in: 0..<flash.geometry.capacity)
        self = .mcuboot(container, flash)
      } catch {
        throw imageFailure(path, error)
      }
    case (EspressifHeader.magic, _):
      do throws(EspressifError) {
        self = .espressif(try EspressifContainer(reading: &flash, in: 0..<flash.geometry.capacity), flash)
      } catch {
        throw espressifFailure(path, error)
      }
    case (_, [0x50, 0x4b, 0x03, 0x04]), (_, [0x50, 0x4b, 0x05, 0x06]):
      if ImageFile.holdsManifest(bytes) {
        self = .nordicPackage(try NordicCommands.read(bytes, path: path))
      } else {
        self = .zipArchive
      }
    default:
      throw CommandFailure(
        path, why: "not an image of a format that is known",
        remedy: "name an image of MCUboot or ESP-IDF, or sign firmware with: ota image sign",
        code: .unsupported)
    }
  }

  /// What it is, for people.
  var name: String {
    switch self {
    case .mcuboot: "an image of MCUboot"
    case .espressif: "an application of ESP-IDF"
    case .nordicPackage: "a DFU package of Nordic"
    case .zipArchive: "a zip archive"
    }
  }

  /// Whether the directory at the end of an archive names `manifest.json`, as that of every DFU package does.
  private static func holdsManifest(_ bytes: [UInt8]) -> Bool {
    let name = Array("manifest.json".utf8)
    // The directory of such a package is a few hundred bytes.
    let tail = bytes.suffix(1 << 16)
    guard tail.count >= name.count else { return false }
    return (tail.startIndex...tail.endIndex - name.count).contains {
      tail[$0] == name[0] && tail[$0..<$0 + name.count].elementsEqual(name)
    }
  }
}

/// What an error of MCUboot's images means to who runs the program.
func imageFailure(_ path: String, _ error: MCUbootError) -> CommandFailure {
  let (status, remedy): (ExitStatus, String) =
    switch error {
    case .crypto(.unavailable): (.unavailable, "check that libsodium and libcrypto are intact")
    case .crypto, .signatureMissing, .keyMissing, .hashMissing, .digestMismatch, .keyNotTrusted,
      .signatureNotOfKey, .contentKeyMissing, .securityCounterMissing, .securityCounterTooLow,
      .duplicate, .misplaced, .unknownType:
      (.refused, "do not install it unless you know who made it")
    case .hashNotOfKey:
      (
        .refused,
        "keys for P-384 go with SHA-384, those for Ed25519 with SHA-256 or SHA-512, others with SHA-256"
      )
    case .noImage, .headerTooShort, .emptyImage, .outOfSlot, .noTLVArea, .protectedSizeMismatch,
      .malformedTLVArea, .invalidLength, .flash:
      (.failed, "check that the file is complete and an image of MCUboot")
    case .encrypted, .notEncrypted, .contentKeyNotForKey, .compressed, .unknownFlags, .unsupportedHash,
      .unsupportedSignature, .pureSignature,
      .tooManyDependencies, .tooManyKeys, .reservedType, .tooLarge:
      (.failed, "see Docs/MCUbootImages.md for what is supported")
    }
  return CommandFailure(path, why: error.description, remedy: remedy, code: error.code, status: status)
}
