import Foundation
import OTACommandLine
import Testing

/// The module of Debian's softhsm2.
private let module = "/usr/lib/softhsm/libsofthsm2.so"
private let isInstalled =
  FileManager.default.isExecutableFile(atPath: "/usr/bin/softhsm2-util")
  && FileManager.default.fileExists(atPath: module)

/// The key of the command line on a token; the rest of it is in OTACryptoPKCS11Tests.
///
/// In processes of their own, since the module has one configuration for a process.
@Suite(
  "a key on a token",
  .enabled(if: executable != nil, "the executable is not beside the tests"),
  .enabled(if: isInstalled, "needs Debian's softhsm2"))
struct TokenKeyTests {
  private static let query = "?module-path=\(module)&pin-source=file:"

  /// A folder with a request, and a token that has the key for it.
  private func prepared() async throws -> (CeremonyCommandTests.Prepared, digits: String) {
    let prepared = try await CeremonyCommandTests.Prepared()
    let folder = prepared.folder
    _ = await prepared.export()
    _ = try folder.write(Array("246813\n".utf8), to: "pin")
    _ = try folder.write(Array("111111".utf8), to: "wrong-pin")
    let made = try bash(
      """
      mkdir tokens
      printf 'directories.tokendir = %s\\nlog.level = ERROR\\n' "$PWD/tokens" > softhsm2.conf
      export SOFTHSM2_CONF=$PWD/softhsm2.conf
      softhsm2-util --init-token --free --label release --pin 246813 --so-pin 97531 >&2
      softhsm2-util --import key.pem --token release --pin 246813 --label manifest --id 01 >&2
      """, in: folder)
    try #require(made.status == 0, "\(made.diagnostics)")
    return (prepared, await prepared.digits())
  }

  /// Signs the request with a key of this name.
  private func sign(
    _ name: String, _ digits: String, in folder: TemporaryFolder
  ) throws -> (status: Int32, diagnostics: String) {
    try bash(
      """
      SOFTHSM2_CONF=$PWD/softhsm2.conf $OTA ceremony sign request --key '\(name)' --confirm \(digits) --out response
      """, in: folder)
  }

  @Test("signs as a file does")
  func signs() async throws {
    let (prepared, digits) = try await prepared()
    let signed = try sign("pkcs11:token=release;object=manifest\(Self.query)pin", digits, in: prepared.folder)
    #expect(signed.status == 0, "\(signed.diagnostics)")
    #expect(await prepared.take().status == .done)
  }

  @Test("says in plain words what is wrong")
  func refusals() async throws {
    let (prepared, digits) = try await prepared()
    for (name, status, text) in [
      ("token=release;object=manifest\(Self.query)wrong-pin", 1, "does not accept the PIN"),
      ("token=release;object=manifest\(Self.query)none", 74, "none"),
      ("token=release;object=other\(Self.query)pin", 1, "no private key of this name"),
      ("token=other;object=manifest\(Self.query)pin", 69, "no slot has a token"),
      ("object=manifest?module-path=/none.so&pin-source=pin", 69, "can not be loaded"),
      ("object=manifest?pin-value=246813", 64, "does not belong on the command line"),
    ] as [(String, Int32, String)] {
      let run = try sign("pkcs11:" + name, digits, in: prepared.folder)
      #expect(run.status == status && run.diagnostics.contains(text), "\(name): \(run.diagnostics)")
      #expect(try !prepared.folder.names().contains("response"))
    }
  }
}
