import Foundation
import OTACore
import OTACrypto
import OTACryptoSodium
import OTAPartition
import Testing

/// `imgtool` of MCUboot: the file in the variable `OTA_IMGTOOL`, or the first on `PATH`.
let imgtool: String? = {
  let environment = ProcessInfo.processInfo.environment
  let folders = environment["PATH", default: ""].split(separator: ":").map { "\($0)/imgtool" }
  return (environment["OTA_IMGTOOL"].map { [$0] } ?? folders)
    .first { FileManager.default.isExecutableFile(atPath: $0) }
}()

@Suite(
  "MCUboot images and the imgtool of this machine", .enabled(if: imgtool != nil, "imgtool is not installed"))
struct ImgtoolTests {
  private let bench: MCUbootBench
  private let folder: URL

  init() throws {
    bench = try MCUbootBench()
    folder = FileManager.default.temporaryDirectory.appending(path: "ota-imgtool-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let key = try Ed25519PrivateKey(
      seed: try SecretBytes(capacity: 32) { (writer) throws(ParseError) in
        for index in 0..<32 as Range<UInt8> { try writer.write(byte: index) }
      })
    let text = try key.pem()
    let bytes = text.withBytes { span in (0..<span.count).map { span[$0] } }
    try write(bytes, to: "key.pem")
  }

  private func write(_ bytes: [UInt8], to name: String) throws {
    try Data(bytes).write(to: folder.appending(path: name))
  }

  /// Runs `imgtool` in the folder.
  ///
  /// - Returns: its exit code.
  private func run(_ arguments: String...) throws -> Int32 {
    let process = Process()
    process.executableURL = URL(filePath: try #require(imgtool))
    process.arguments = arguments
    process.currentDirectoryURL = folder
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus
  }

  @Test("it verifies what is written here, and not when a bit is flipped")
  func writing() async throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let signer = try MCUbootBench.signer()
    var image = MCUbootImage(version: MCUbootVersion(3, 1, 4, build: 15), headerSize: 512)
    let firmware = [UInt8](repeating: 0x42, count: 9_999)
    func check(_ image: MCUbootImage) async throws {
      var bytes = try await image.signed(firmware, by: signer, using: SodiumSHA256.self)
      try write(bytes, to: "image.bin")
      #expect(try run("verify", "--key", "key.pem", "image.bin") == 0)
      bytes[600] ^= 1
      try write(bytes, to: "image.bin")
      #expect(try run("verify", "--key", "key.pem", "image.bin") != 0)
    }
    try await check(image)
    image.securityCounter = 8
    image.dependencies = [MCUbootDependency(image: 1, minimumVersion: MCUbootVersion(1, 0))]
    image.vendorTLVs = [MCUbootImage.VendorTLV(rawType: 0x1234, value: Array("hello".utf8))]
    try await check(image)
    image.keyFormat = .full
    try await check(image)
    let long = try await image.signed(firmware, by: signer, using: SodiumSHA512.self)
    try write(long, to: "image.bin")
    #expect(try run("verify", "--key", "key.pem", "image.bin") == 0)
    let unsigned = try image.unsigned(firmware, using: SodiumSHA256.self)
    try write(unsigned, to: "image.bin")
    #expect(try run("verify", "image.bin") == 0)
    #expect(try run("verify", "--key", "key.pem", "image.bin") != 0)
  }

  @Test("what it writes is verified here")
  func reading() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    try write([UInt8](repeating: 0x42, count: 5_001), to: "app.bin")
    let common = ["--pad-header", "--slot-size", "0x4000", "--align", "4", "--key", "key.pem"]
    for (header, version, more) in [
      ("32", "1.0.0", []), ("1024", "1.2.3+4", ["--security-counter", "12"]),
      ("64", "9.8.7", ["--sha", "512", "--dependencies", "(1,1.2.3+4)"]),
      ("33", "0.0.1", ["--custom-tlv", "0x01a0", "0xabcdef", "--boot-record", "app", "--pad"]),
    ] as [(String, String, [String])] {
      let process = Process()
      process.executableURL = URL(filePath: try #require(imgtool))
      process.arguments =
        ["sign", "--header-size", header, "--version", version] + common + more + ["app.bin", "out.bin"]
      process.currentDirectoryURL = folder
      process.standardOutput = FileHandle.nullDevice
      try process.run()
      process.waitUntilExit()
      #expect(process.terminationStatus == 0)
      let bytes = [UInt8](try Data(contentsOf: folder.appending(path: "out.bin")))
      let contents = try bench.verify(bytes)
      #expect(contents.securityCounter == (header == "1024" ? 12 : nil))
    }
  }
}
