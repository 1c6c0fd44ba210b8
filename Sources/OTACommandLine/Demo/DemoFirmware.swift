import Foundation
import OTACore
import OTACrypto
import OTACryptoSodium

/// The two versions of a firmware that the demonstration goes from and to.
struct DemoFirmware: Sendable {
  /// One image and where it came from.
  struct Image: Sendable {
    var path: String
    var bytes: [UInt8]
    var version: Version

    var digest: Digest { SodiumSHA256.digest(of: bytes.span) }
    var description: ImageDescription { ImageDescription(digest: digest, size: UInt32(bytes.count)) }
  }

  var old: Image
  var new: Image

  /// The largest image that is taken, in bytes.
  static let sizeLimit = 64 << 20

  /// Takes the images that the user names, or the example firmware where `make firmware` leaves it.
  ///
  /// - Throws: status ``ExitStatus/unavailable`` if there is no example firmware, ``ExitStatus/failed`` if an image is
  ///   empty or both are the same, and what reading a file throws.
  init(old: String?, new: String?) throws(CommandFailure) {
    let oldPath: String
    let newPath: String
    if let old, let new {
      (oldPath, newPath) = (old, new)
    } else {
      (oldPath, newPath) = try DemoFirmware.examples()
    }
    self.old = Image(
      path: oldPath, bytes: try InputFile.read(oldPath, limit: DemoFirmware.sizeLimit), version: Version(1, 0)
    )
    self.new = Image(
      path: newPath, bytes: try InputFile.read(newPath, limit: DemoFirmware.sizeLimit), version: Version(1, 1)
    )
    for image in [self.old, self.new] where image.bytes.isEmpty {
      throw CommandFailure(image.path, why: "the file is empty", remedy: "name a firmware image")
    }
    guard self.old.bytes != self.new.bytes else {
      throw CommandFailure(
        newPath, why: "the same bytes as \(oldPath)", remedy: "name two different firmware images")
    }
  }

  /// The example firmware, sought from the current folder and from the folder of the program upwards.
  private static func examples() throws(CommandFailure) -> (old: String, new: String) {
    let program = URL(fileURLWithPath: CommandLine.arguments.first ?? "").resolvingSymlinksInPath()
    var folders = [FileManager.default.currentDirectoryPath]
    var folder = program.deletingLastPathComponent()
    for _ in 0..<5 {
      folders.append(folder.path)
      folder = folder.deletingLastPathComponent()
    }
    for folder in folders {
      let artifacts = folder + "/Examples/BareMetal/.artifacts/demo"
      let old = artifacts + "/firmware-1.0.0.bin"
      let new = artifacts + "/firmware-1.1.0.bin"
      if FileManager.default.fileExists(atPath: old), FileManager.default.fileExists(atPath: new) {
        return (old, new)
      }
    }
    throw CommandFailure(
      "example firmware", why: "Examples/BareMetal/.artifacts/demo is not there",
      remedy: "build it with 'make firmware', or name two images with --old and --new", status: .unavailable)
  }
}

/// The mark that the simulated application looks for: an image that ends with it boots, and then fails its self-test.
let demoFaultMark = [UInt8]("swift-ota demo: self-test fails\n".utf8)
