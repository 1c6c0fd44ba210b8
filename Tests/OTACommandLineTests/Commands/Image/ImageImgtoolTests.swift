import Foundation
import OTACommandLine
import OTACryptoOpenSSL
import Testing

/// `imgtool` of MCUboot: the file in the variable `OTA_IMGTOOL`, or the first on `PATH`.
private let imgtool: String? = {
  let environment = ProcessInfo.processInfo.environment
  let folders = environment["PATH", default: ""].split(separator: ":").map { "\($0)/imgtool" }
  return (environment["OTA_IMGTOOL"].map { [$0] } ?? folders)
    .first { FileManager.default.isExecutableFile(atPath: $0) }
}()

@Suite("ota image and the imgtool of this machine", .enabled(if: imgtool != nil, "imgtool is not installed"))
struct ImageImgtoolTests {
  private func run(_ arguments: [String], in folder: TemporaryFolder) throws -> Int32 {
    let process = Process()
    process.executableURL = URL(filePath: try #require(imgtool))
    process.arguments = arguments
    process.currentDirectoryURL = URL(filePath: folder.path)
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus
  }

  @Test(
    "the same options make the same bytes, and each verifies the other's",
    arguments: [
      ["--slot-size", "0x10000"], ["--slot-size", "0x10000", "--security-counter", "9", "--sha", "512"],
      ["--slot-size", "0x10000", "--pad"], ["--slot-size", "0x10000", "--align", "4", "--confirm"],
      ["--slot-size", "0x10000", "--align", "16", "--confirm"],
      ["--slot-size", "0x20000", "--align", "32", "--confirm", "--public-key-format", "full"],
      ["--slot-size", "0x10000", "--max-align", "32", "--max-sectors", "64", "--confirm"],
      ["--slot-size", "0x10000", "--overwrite-only", "--confirm", "--load-addr", "0x20000000"],
      ["--slot-size", "0x10000", "--rom-fixed", "0x8000", "--dependencies", "(1,1.2.3+4),(2,2.0.0)"],
      ["--slot-size", "0x10000", "--erased-val", "0", "--non-bootable", "--pad"],
      ["--slot-size", "0x10000", "--security-counter", "auto", "--boot-record", "APP", "--sha", "512"],
      ["--slot-size", "0x10000", "--boot-record", "123456789012", "--sha", "auto"],
      [
        "--slot-size", "0x10000", "--vid", "bcc16965-6f3a-5338-9d83-d8b565c63bc7", "--cid",
        "1e7fce30-b467-504f-8a77-cd970d5670a8", "--public-key-format", "full",
      ],
    ])
  func sameBytes(_ options: [String]) async throws {
    let folder = try ImageCommandTests.prepared()
    let all = ["--header-size", "0x200"] + options
    #expect(await ImageCommandTests.sign(folder, all).status == .done)
    let arguments = ["sign", "--key", "key.pem", "--version", "1.2.3+4", "--pad-header"]
    #expect(try run(arguments + all + ["app.bin", "theirs.bin"], in: folder) == 0)
    #expect(try folder.read("out.bin") == folder.read("theirs.bin"))
    #expect(try run(["verify", "--key", "key.pem", "out.bin"], in: folder) == 0)
    let verified = await ota(
      "image", "verify", folder.file("theirs.bin"), "--key", folder.file("key.pub.pem"))
    #expect(verified.status == .done)
  }

  @Test("TLVs of vendors as text, as hexadecimal and from files are the same bytes")
  func vendorTLVs() async throws {
    let folder = try ImageCommandTests.prepared()
    _ = try folder.write([1, 2, 3], to: "value.bin")
    let ours = await ImageCommandTests.sign(
      folder,
      [
        "--custom-tlv", "0x00a0=text=more", "--custom-tlv", "0x01a1=0xabcdef", "--custom-tlv",
        "0xfffe=@" + folder.file("value.bin"),
      ])
    #expect(ours.status == .done)
    let arguments = [
      "sign", "--key", "key.pem", "--version", "1.2.3+4", "--pad-header", "--header-size", "32",
      "--slot-size",
      "0x10000", "--custom-tlv", "0x00a0", "text=more", "--custom-tlv", "0x01a1", "0xabcdef",
      "--custom-tlv-file", "0xfffe", "value.bin", "app.bin", "theirs.bin",
    ]
    #expect(try run(arguments, in: folder) == 0)
    #expect(try folder.read("out.bin") == folder.read("theirs.bin"))
  }

  @Test(
    "keys of ECDSA and RSA: each verifies the other's", arguments: ["es256", "es384", "rsa2048", "rsa3072"])
  func otherKeys(_ algorithm: String) async throws {
    let folder = try ImageCommandTests.prepared()
    #expect(
      await ota("key", "generate", "--algorithm", algorithm, "--out", folder.file("key.pem"), "--force")
        .status
        == .done)
    let padding = algorithm.hasPrefix("es") ? ["--pad-sig"] : []
    for more in [[], ["--public-key-format", "full", "--boot-record", "APP"], padding] {
      let all = ["--header-size", "0x200", "--slot-size", "0x10000"] + more
      #expect(await ImageCommandTests.sign(folder, all).status == .done)
      #expect(try run(["verify", "--key", "key.pem", "out.bin"], in: folder) == 0)
      let arguments = ["sign", "--key", "key.pem", "--version", "1.2.3+4", "--pad-header"]
      #expect(try run(arguments + all + ["app.bin", "theirs.bin"], in: folder) == 0)
      let verified = await ota(
        "image", "verify", folder.file("theirs.bin"), "--key", folder.file("key.pub.pem"))
      #expect(verified.status == .done && verified.diagnostics.isEmpty)
    }
  }

  @Test("an encrypted image fits a slot beside the same trailer", arguments: [false, true])
  func encryptedSlot(_ savesTLVs: Bool) async throws {
    let folder = try ImageCommandTests.prepared()
    let device = try OpenSSLPrivateKey.generate(.x25519)
    _ = try folder.write(device.publicKey.pem(), to: "device.pub.pem")
    // 10,000 bytes of firmware and padding, 32 of header, 228 of TLVs, beside a trailer of 432 and two keys.
    let most = 10_000 + 32 + 228 + 432 + (savesTLVs ? 160 : 32)
    for (size, fits) in [(most / 8 * 8 - 8, false), ((most + 7) / 8 * 8, true)] {
      let options =
        ["--header-size", "32", "--slot-size", "\(size)", "--encrypt"] + [folder.file("device.pub.pem")]
        + (savesTLVs ? ["--save-enctlv"] : [])
      let arguments = ["sign", "--key", "key.pem", "--version", "1.2.3+4", "--pad-header"]
      #expect((try run(arguments + options + ["app.bin", "theirs.bin"], in: folder) == 0) == fits)
      #expect((await ImageCommandTests.sign(folder, options).status == .done) == fits)
    }
  }

  @Test("an image that does not fit is refused by both")
  func tooLarge() async throws {
    let folder = try ImageCommandTests.prepared()
    // 9,999 bytes of firmware, 32 of header and 144 of TLVs, beside a trailer of 432.
    for (size, fits) in [(10_600, false), (10_608, true)] {
      let options = ["--header-size", "32", "--slot-size", "\(size)"]
      let arguments = ["sign", "--key", "key.pem", "--version", "1.2.3+4", "--pad-header"]
      #expect((try run(arguments + options + ["app.bin", "theirs.bin"], in: folder) == 0) == fits)
      #expect((await ImageCommandTests.sign(folder, options).status == .done) == fits)
    }
  }
}
