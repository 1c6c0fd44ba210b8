import Foundation
import OTACommandLine
import Testing

/// Sets of trust anchors on their way to devices, and keys on tokens: whole processes.
@Suite("ota trust, processes", .enabled(if: executable != nil, "the executable is not beside the tests"))
struct TrustServerTests {
  /// Two sets that follow upon the first, signed.
  private func signed() async throws -> TrustBench {
    let bench = try await TrustBench()
    try await bench.makeTwo()
    let run = await bench.run("sign", "2.trust", "--key", "r1.pem", "--key", "r2.pem", "--key", "m2.pem")
    try #require(run.status == .done)
    try await bench.makeThird()
    return bench
  }

  @Test("the server gives out the sets that it was given, as they are, and no others")
  func route() async throws {
    let bench = try await signed()
    let run = try bash(
      ServerRunProcessTests.start + """
        start --trust-set 3.trust --trust-set 2.trust --json
        for number in 1 2 3 4; do ask "GET /api/v1/trust/$number" > answer$number || exit 91; done
        stop TERM
        """, in: bench.folder)
    #expect(run.status == 0, "\(run.diagnostics)")
    let address = String(decoding: try bench.folder.read("address"), as: UTF8.self)
    #expect(address.contains("\"trustSets\" : [\n    2,\n    3\n  ]"))
    for number in 1...4 {
      let answer = try bench.folder.read("answer\(number)")
      let isThere = number == 2 || number == 3
      #expect(answer.starts(with: Array("HTTP/1.1 \(isThere ? 200 : 404)".utf8)))
      guard isThere else { continue }
      let set = try bench.folder.read("\(number).trust")
      #expect(answer.count > set.count && Array(answer.suffix(set.count)) == set)
    }
  }

  @Test("the server does not begin with sets that devices would not take")
  func refusals() async throws {
    let bench = try await signed()
    let other = try await signed()
    _ = try bench.folder.write(try other.folder.read("3.trust"), to: "other.trust")
    var broken = try bench.folder.read("2.trust")
    broken.removeLast()
    _ = try bench.folder.write(broken, to: "broken.trust")
    #expect(await bench.run("create", "2.json", "--after", "1.trust", "--out", "bare.trust").status == .done)
    for (sets, status, text) in [
      (["bare.trust"], 1, "nobody has signed it"), (["broken.trust"], 1, "not a set of trust anchors"),
      (["2.trust", "2.trust"], 1, "is set 2 too"), (["none.trust"], 74, "none.trust"),
      (["2.trust", "other.trust"], 2, "fewer root keys of the set before it"),
    ] as [([String], Int32, String)] {
      let options = sets.map { "--trust-set \($0)" }.joined(separator: " ")
      let run = try bash(
        "timeout 60 $OTA server run --listen 127.0.0.1:0 --data data \(options) > address", in: bench.folder)
      #expect(run.status == status && run.diagnostics.contains(text), "\(sets): \(run.diagnostics)")
      #expect(try !bench.folder.names().contains("data"))
    }
  }

  /// The module of Debian's softhsm2.
  private static let module = "/usr/lib/softhsm/libsofthsm2.so"

  @Test(
    "root keys on a token and in a file sign one set",
    .enabled(if: FileManager.default.fileExists(atPath: module), "needs Debian's softhsm2"),
    arguments: ["r1", "r2", "r3"])
  func token(_ name: String) async throws {
    let bench = try await TrustBench()
    try await bench.makeTwo()
    let query = "?module-path=\(Self.module)&pin-source=file:pin"
    let other = name == "r1" ? "r2" : "r1"
    _ = try bench.folder.write(Array("246813\n".utf8), to: "pin")
    let run = try bash(
      """
      mkdir tokens
      printf 'directories.tokendir = %s\\nlog.level = ERROR\\n' "$PWD/tokens" > softhsm2.conf
      export SOFTHSM2_CONF=$PWD/softhsm2.conf
      softhsm2-util --init-token --free --label roots --pin 246813 --so-pin 97531 >&2
      softhsm2-util --import \(name).pem --token roots --pin 246813 --label \(name) --id 01 >&2
      $OTA trust sign 2.trust --key 'pkcs11:token=roots;object=\(name)\(query)' --key \(other).pem --key m2.pem || exit
      $OTA trust verify 1.trust 2.trust
      """, in: bench.folder)
    #expect(run.status == 0, "\(run.diagnostics)")
  }
}
