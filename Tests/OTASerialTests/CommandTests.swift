import Foundation
import OTACommandLine
import OTACore
import OTACrypto
import OTACryptoSodium
import OTAManifest
import Testing

/// `ota serial` over a real pseudo-terminal.
@Suite struct CommandTests {
  let world: TestWorld
  let folder: URL

  init() throws {
    world = try TestWorld.shared.get()
    folder = FileManager.default.temporaryDirectory.appending(path: "ota-serial-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  private func file(_ name: String, _ bytes: [UInt8]) throws -> String {
    let url = folder.appending(path: name)
    try Data(bytes).write(to: url)
    return url.path
  }

  private func ota(
    _ arguments: String...
  ) async -> (status: OTACommandLine.ExitStatus, output: String, notes: String) {
    let (output, notes) = (BufferSink(), BufferSink())
    let console = Console(output: output, diagnostics: notes)
    let status = await Program.run(
      arguments: arguments, context: CommandContext(console: console, environment: [:]),
      commands: CommandTable.all)
    return (status, output.text, notes.text)
  }

  private func keyFile(_ key: TestKey) throws -> String {
    try file("device.pub.pem", key.publicKey.pem())
  }

  @Test func statusUpdateAndReceipt() async throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let world = world
    let terminal = try TestTerminal {
      let board = try TestBoard(world)
      board.bootText = Array("boot loader 1.0\r\nslot b\r\n".utf8)
      return board
    }
    defer { terminal.stop() }
    let before = await ota("serial", "status", "--port", terminal.path)
    #expect(before.status == .done, "\(before.notes)")
    #expect(before.output.contains("app 1.0.0, sequence number 1, slot a, confirmed"))

    let envelope = try file("update.suit", try world.envelope(world.manifest(isPatch: true)))
    let key = try keyFile(world.deviceKey)
    let receipt = folder.appending(path: "receipt").path
    let update = await ota(
      "serial", "update", envelope, "--payload", try file("new.patch", world.patch), "--port", terminal.path,
      "--device-key", key, "--receipt", receipt, "--json")
    #expect(update.status == .done, "\(update.notes)")
    #expect(update.output.contains(#""isVerified" : true"#))
    #expect(update.output.contains(#""version" : "2.0.0""#))
    #expect(update.notes.contains("device: slot b"))
    #expect(FileManager.default.fileExists(atPath: receipt))

    // The same key is not that of another device.
    let other = try file("other.pub.pem", try TestKey().publicKey.pem())
    let refused = await ota("serial", "receipt", "--port", terminal.path, "--device-key", other)
    #expect(refused.status == .refused)
    // An update that is refused, with its number.
    let again = await ota(
      "serial", "update", try file("old.suit", try world.envelope(world.manifest(sequenceNumber: 1))),
      "--payload", try file("new.bin", world.new), "--port", terminal.path)
    #expect(again.status == .refused)
    #expect(again.notes.contains("0x0308 sequenceNumberReplayed"))
  }

  @Test func nobodyIsThere() async throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let missing = await ota("serial", "status", "--port", folder.appending(path: "missing").path)
    #expect(missing.status == .inputOutput)
    let plain = await ota("serial", "status", "--port", try file("plain", [1]))
    #expect(plain.status == .inputOutput)
    #expect(plain.notes.contains("neither a terminal nor a socket"))
  }
}
