import Foundation
import OTACommandLine
import OTACore
import OTACrypto
import OTACryptoSodium
import Testing

/// The parts of Debian's softhsm2.
private enum SoftHSM {
  static let module = "/usr/lib/softhsm/libsofthsm2.so"
  static let tool = "/usr/bin/softhsm2-util"
  static let isInstalled =
    FileManager.default.isExecutableFile(atPath: tool) && FileManager.default.fileExists(atPath: module)
}

/// The key of the command line on a token; the rest of it is in OTACryptoPKCS11Tests.
@Suite("a key on a token", .serialized, .enabled(if: SoftHSM.isInstalled, "needs Debian's softhsm2"))
struct TokenKeyTests {
  private static func run(_ arguments: String...) throws {
    let process = Process()
    process.executableURL = URL(filePath: SoftHSM.tool)
    process.arguments = arguments
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
  }

  private static func problem(_ prepared: CeremonyCommandTests.Prepared, _ name: String) async -> Run {
    await prepared.sign(key: name, confirm: prepared.digits())
  }

  @Test("signs as a file does; wrong PINs, names and modules are said in plain words")
  func signs() async throws {
    let prepared = try await CeremonyCommandTests.Prepared()
    let folder = prepared.folder
    try FileManager.default.createDirectory(atPath: folder.file("tokens"), withIntermediateDirectories: true)
    let configuration = "directories.tokendir = \(folder.file("tokens"))\nlog.level = ERROR\n"
    // The module reads it when it starts, which it does for each key anew, since none stays open.
    _ = unsafe setenv("SOFTHSM2_CONF", try folder.write(Array(configuration.utf8), to: "softhsm2.conf"), 1)
    try Self.run("--init-token", "--free", "--label", "release", "--pin", "246813", "--so-pin", "97531")
    try Self.run(
      "--import", folder.file("key.pem"), "--token", "release", "--pin", "246813", "--label", "manifest",
      "--id", "01")
    let pin = try folder.write(Array("246813\n".utf8), to: "pin")
    let wrong = try folder.write(Array("111111".utf8), to: "wrong-pin")

    _ = await prepared.export()
    let query = "?module-path=\(SoftHSM.module)&pin-source=file:"
    let signed = await Self.problem(prepared, "pkcs11:token=release;object=manifest\(query)\(pin)")
    #expect(signed.status == .done, "\(signed.diagnostics)")
    #expect(await prepared.take().status == .done)

    let refused = await Self.problem(prepared, "pkcs11:token=release;object=manifest\(query)\(wrong)")
    #expect(refused.status == .failed && refused.diagnostics.contains("does not accept the PIN"))
    let missing = await Self.problem(prepared, "pkcs11:token=release;object=other\(query)\(pin)")
    #expect(missing.status == .failed && missing.diagnostics.contains("no private key of this name"))
    let token = await Self.problem(prepared, "pkcs11:token=other;object=manifest\(query)\(pin)")
    #expect(token.status == .unavailable && token.diagnostics.contains("no slot has a token"))
    let none = await Self.problem(prepared, "pkcs11:object=manifest?module-path=/none.so&pin-source=\(pin)")
    #expect(none.status == .unavailable && none.diagnostics.contains("can not be loaded"))
    let inName = await Self.problem(prepared, "pkcs11:object=manifest?pin-value=246813")
    #expect(inName.status == .usage && inName.diagnostics.contains("does not belong on the command line"))
  }
}
