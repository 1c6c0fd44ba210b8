import Foundation
import OTACryptoOpenSSL
import OTAPartition
import Testing

/// The images that lie beside the checkout on some machines; they are not ours to copy.
private let corpus = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent().appending(path: "../shared/corpus").standardizedFileURL

@Suite(
  "Images of ESP-IDF from the field",
  .enabled(
    if: FileManager.default.fileExists(atPath: corpus.appending(path: "esp32-tasmota-patch").path),
    "needs ../shared/corpus"))
struct CorpusTests {
  private func read(_ name: String) throws -> ByteFlash {
    try ByteFlash([UInt8](try Data(contentsOf: corpus.appending(path: name))))
  }

  @Test(
    "each is read, and has its checksum and its SHA-256",
    arguments: [
      ("esp32-tasmota-patch/old.bin", "ESP32", 6, "5.3.4.260127"),
      ("esp32-tasmota-patch/new.bin", "ESP32", 6, "5.3.4.260127"),
      ("esp32c3-tasmota-patch/old.bin", "ESP32-C3", 7, "5.5.4.260407"),
      ("esp32c3-tasmota-patch/new.bin", "ESP32-C3", 7, "5.5.4.260407"),
    ])
  func images(name: String, chip: String, segments: Int, framework: String) throws {
    var flash = try read(name)
    let container = try EspressifContainer(reading: &flash, in: 0..<flash.geometry.capacity)
    #expect(container.header.chip.name == chip && Int(container.header.segmentCount) == segments)
    #expect(container.size == flash.geometry.capacity && container.header.hasDigest)
    #expect(container.signatureSector == nil)
    let contents = try container.check(on: &flash, using: OpenSSLSHA256.self)
    #expect(contents.description?.frameworkVersion.description == framework)
  }

  @Test(
    "one of the older ESP8266 begins the same, and is not taken for one", arguments: ["old.bin", "new.bin"])
  func otherFamily(name: String) throws {
    let bytes = try read("esp8266-mpy-rel/\(name)").bytes
    #expect(throws: EspressifError.self) { try RawApplication.check(bytes) }
  }
}
