import Foundation
import OTACommandLine
import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTACryptoSodium
import OTAPartition
import Testing

/// Sets of trust anchors: made, signed by several people, verified, shown.
@Suite("ota trust")
struct TrustCommandTests {
  private func json(_ run: Run) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
  }

  private static func set(_ bytes: [UInt8]) throws -> TrustAnchors { try TrustAnchors(parsing: bytes.span) }

  private static func key(_ text: [UInt8]) throws -> PublicKey { try PublicKey(pem: text.span) }

  /// The number of the set that a device has which is given an update.
  private static func follow(_ set: [UInt8], _ update: [UInt8]) throws -> UInt64 {
    let anchors = try TrustAnchors(parsing: set.span)
    return try anchors.verify(update: update.span, using: CryptoBackends([.openSSL, .sodium])).anchors.number
  }

  @Test("the first set is what the description says, and what a device takes from the factory")
  func first() async throws {
    let bench = try await TrustBench()
    try bench.describe("1.json", "m1", "i1")
    let made = await bench.run("create", "1.json", "--out", "1.trust")
    #expect(made.status == .done && made.diagnostics.isEmpty)
    let anchors = try Self.set(bench.folder.read("1.trust"))
    #expect(anchors.number == 1 && "\(anchors.scope)" == TrustBench.scope && anchors.count == 5)
    #expect(anchors.thresholds == TrustThresholds(root: 2))
    #expect(anchors.issued == 1_795_219_200 && anchors.expires == 1_830_340_800)
    let image = try Self.key(bench.folder.read("i1.pub.pem"))
    #expect(anchors.roles(of: image) == .image)
    let shown = await bench.run("inspect", "1.trust")
    for line in [
      "set:       1", "date:      2026-11-21T00:00:00Z", "expires:   2028-01-01T12:00:00Z",
      "root:      2 of 3 keys", "image:     1 key", "signature: none",
      "key:       \(KeyIdentifier(of: image).digest) P-256, image",
    ] { #expect(shown.output.contains(line + "\n"), "\(line)") }
    let object = try json(await bench.run("inspect", "1.trust", "--json"))
    #expect(object["number"] as? Int == 1 && (object["keys"] as? [Any])?.count == 5)
    #expect((object["thresholds"] as? [String: Int]) == ["root": 2, "manifest": 1, "image": 1])
  }

  @Test("a set is refused until all who must have signed it, and then devices follow over several")
  func chain() async throws {
    let bench = try await TrustBench()
    try await bench.makeTwo()
    let chain = ["verify", "1.trust", "2.trust"]
    #expect(await bench.run(chain).status == .refused)
    for (keys, missing) in [
      (["r3"], "fewer root keys of the set before it"), (["m1"], "fewer root keys of the set before it"),
      (["r1"], "a key that is new for manifests"),
    ] {
      let signed = await bench.run(["sign", "2.trust"] + keys.flatMap { ["--key", "\($0).pem"] })
      #expect(signed.status == .done)
      // A key that has no part in it is said to be none.
      #expect(signed.diagnostics.contains("is not in this set") == (keys == ["m1"]))
      let run = await bench.run(chain)
      #expect(run.status == .refused && run.diagnostics.contains(missing), "\(keys): \(run.diagnostics)")
      #expect(run.diagnostics.contains("[0x0532 trustAnchorsThresholdNotMet]"))
    }
    #expect(await bench.run("sign", "2.trust", "--key", "m2.pem").status == .done)
    #expect(await bench.run(chain).status == .done)
    // What was signed with all kinds of keys is what a device takes.
    #expect(try Self.follow(bench.folder.read("1.trust"), bench.folder.read("2.trust")) == 2)
    try await bench.makeThird()
    let run = await bench.run("verify", "1.trust", "2.trust", "3.trust", "--json")
    #expect(run.status == .done)
    let object = try json(run)
    #expect(object["first"] as? Int == 1 && object["last"] as? Int == 3)
    let skipped = await bench.run("verify", "1.trust", "3.trust")
    #expect(skipped.status == .refused && skipped.diagnostics.contains("plus one"))
    let shown = await bench.run("inspect", "3.trust")
    #expect(shown.output.components(separatedBy: " good\n").count == 4)
  }

  @Test("a signature is replaced by one of the same key, and a signed set goes where --out says")
  func again() async throws {
    let bench = try await TrustBench()
    try await bench.makeTwo()
    let before = try bench.folder.read("2.trust")
    let signed = await bench.run("sign", "2.trust", "--key", "r1.pem", "--out", "s.trust", "--json")
    #expect(try json(signed)["signatures"] as? Int == 1)
    #expect(try bench.folder.read("2.trust") == before)
    let again = await bench.run("sign", "s.trust", "--key", "r1.pem", "--key", "r1.pem", "--json")
    #expect(try json(again)["signatures"] as? Int == 1)
    let bytes = try bench.folder.read("s.trust")
    #expect(try SignedTrustAnchors(parsing: bytes).bytes == bytes)
  }

  @Test("the first set is not signed, and a key that cannot be read changes nothing")
  func refusedSigning() async throws {
    let bench = try await TrustBench()
    try await bench.makeTwo()
    let first = await bench.run("sign", "1.trust", "--key", "r1.pem")
    #expect(first.status == .failed && first.diagnostics.contains("the first set"))
    let before = try bench.folder.read("2.trust")
    for (key, status) in [("none.pem", ExitStatus.inputOutput), ("1.json", .failed), ("r1.pub.pem", .failed)]
    {
      #expect(await bench.run("sign", "2.trust", "--key", "r1.pem", "--key", key).status == status)
      #expect(try bench.folder.read("2.trust") == before)
    }
  }

  @Test("a key elsewhere signs by ceremony, and sees the set itself")
  func ceremony() async throws {
    let bench = try await TrustBench()
    try await bench.makeTwo()
    #expect(await bench.run("sign", "2.trust", "--key", "r1.pem", "--key", "m2.pem").status == .done)
    let file = { bench.folder.file($0) }
    let exported = await ota(
      "ceremony", "export", file("2.trust"), "--kind", "trust-anchors", "--key", file("r2.pub.pem"), "--out",
      file("request"))
    #expect(exported.status == .done)
    let shown = await ota("ceremony", "show", file("request"), "--key", file("r2.pub.pem"))
    #expect(shown.status == .done && shown.output.contains("set:       2\n"))
    #expect(shown.output.contains("root:      2 of 3 keys\n"))
    let request = try SigningRequest(text: bench.folder.read("request"))
    let digits = String(request.messageDigest.description.prefix(8))
    let signed = await ota(
      "ceremony", "sign", file("request"), "--key", file("r2.pem"), "--confirm", digits, "--out",
      file("response"))
    #expect(signed.status == .done, "\(signed.diagnostics)")
    #expect(await bench.run("verify", "1.trust", "2.trust").status == .refused)
    let taken = await ota(
      "ceremony", "import", file("request"), file("response"), "--key", file("r2.pub.pem"), "--out",
      file("2.trust"))
    #expect(taken.status == .done && taken.output.hasPrefix("signed set: "))
    #expect(await bench.run("verify", "1.trust", "2.trust").status == .done)
  }

  @Test("a request whose set is not the one that is to be signed is refused at the key")
  func exchangedSet() async throws {
    let bench = try await TrustBench()
    try await bench.makeTwo()
    let key = try Self.key(bench.folder.read("r2.pub.pem"))
    let second = try SignedTrustAnchors(parsing: bench.folder.read("2.trust"))
    for document in [try bench.folder.read("1.trust"), [1, 2, 3]] {
      let request = try SigningRequest(
        .trustAnchors, for: key, message: second.anchors.signatureInput, document: document)
      _ = try bench.folder.write(request.text, to: "request")
      let file = { bench.folder.file($0) }
      #expect(
        await ota("ceremony", "show", file("request"), "--key", file("r2.pub.pem")).status == .refused)
      let signed = await ota(
        "ceremony", "sign", file("request"), "--key", file("r2.pem"), "--confirm",
        request.messageDigest.description, "--out", file("response"))
      #expect(signed.status == .refused)
      #expect(try !bench.folder.names().contains("response"))
    }
  }

  @Test(
    "a description that is wrong is status 1, with the place that is wrong",
    arguments: [
      ("\"number\": 1, ", "", "number is missing"), ("\"number\": 1", "\"number\": 0", "number must be 1"),
      ("\"number\"", "\"numbre\"", "number is missing"),
      ("\"scope\"", "\"scop\"", "scope is missing"), ("1492af14-", "", "scope must be such as"),
      ("\"issued\"", "\"isued\"", "isued is not known; did you mean 'issued'?"),
      ("2026-11-21", "2026-11-31", "issued must be such as"), ("2026-11-21", "21.11.2026", "issued must be"),
      ("2028-01-01T12:00:00Z", "2026-01-01", "expires must be later"),
      ("2028-01-01T12:00:00Z", "2028-01-01T12:00:00+01:00", "expires must be such as"),
      ("\"root\": 2", "\"root\": 4", "thresholds.root must be 1 to 3"),
      ("\"root\": 2", "\"root\": 0", "thresholds.root must be 1 to 3"),
      ("\"root\": 2", "\"image\": 2", "thresholds.image must be 1"),
      ("\"root\": 2", "\"roots\": 2", "thresholds.roots is not known"),
      ("r2.pub.pem", "r1.pub.pem", "keys[1].file is a key that stands above"),
      ("[\"image\"]", "[\"images\"]", "keys[4].roles[0] must be root, manifest or image"),
      ("[\"image\"]", "[]", "keys[4].roles is missing"), ("[\"root\"]", "[\"manifest\"]", "the role root"),
      ("\"keys\"", "\"key\"", "keys must be 1 to 8"), ("{\n", "", "is not JSON"),
      ("i1.pub.pem", "1.json", "not an Ed25519, P-256 or P-384 key"),
    ])
  func mistakes(row: (old: String, new: String, text: String)) async throws {
    let bench = try await TrustBench()
    try bench.describe("1.json", "m1", "i1") { text in
      let changed = text.replacingOccurrences(of: row.old, with: row.new)
      #expect(changed != text)
      return changed
    }
    let run = await bench.run("create", "1.json", "--out", "1.trust")
    #expect(run.status == .failed && run.diagnosticLines.count == 1)
    #expect(run.diagnostics.contains(row.text), "\(run.diagnostics)")
    #expect(try !bench.folder.names().contains("1.trust"))
  }

  @Test("number and scope are those that follow upon the set before")
  func after() async throws {
    let bench = try await TrustBench()
    try await bench.makeTwo()
    for (old, new, text) in [
      ("\"number\": 1", "\"number\": 3", "number must be 2"),
      ("\"number\": 1, \"scope\": \"1492", "\"scope\": \"2492", "scope must be that of the set before"),
    ] {
      try bench.describe("x.json", "m2", "i1") { $0.replacingOccurrences(of: old, with: new) }
      let run = await bench.run("create", "x.json", "--after", "1.trust", "--out", "x.trust")
      #expect(run.status == .failed && run.diagnostics.contains(text), "\(run.diagnostics)")
    }
  }

  @Test("files that are no sets are status 1, missing ones 74, and wrong command lines 64")
  func files() async throws {
    let bench = try await TrustBench()
    try await bench.makeTwo()
    let set = try bench.folder.read("1.trust")
    let garbage: [[UInt8]] = [
      [], [1, 2, 3], Array(set.dropLast()), set + [0], [UInt8](repeating: 0x4f, count: 20_000),
      Array("OTAR".utf8) + [2, 1, 0, 0], Array("OTAR".utf8) + [2, 0, 255, 255],
    ]
    for bytes in garbage {
      _ = try bench.folder.write(bytes, to: "g.trust")
      for command in [
        ["inspect", "g.trust"], ["sign", "g.trust", "--key", "r1.pem"], ["verify", "g.trust", "2.trust"],
        ["verify", "1.trust", "g.trust"], ["create", "2.json", "--after", "g.trust", "--out", "o.trust"],
      ] {
        let run = await bench.run(command)
        #expect(run.status == .failed && run.diagnosticLines.count == 1, "\(command): \(run.diagnostics)")
      }
      #expect(try bench.folder.read("g.trust") == bytes)
    }
    for command in [
      ["inspect", "n.trust"], ["verify", "1.trust", "n.trust"], ["create", "n.json", "--out", "o.trust"],
      ["create", "1.json", "--out", "no/o.trust"], ["sign", "n.trust", "--key", "r1.pem"],
    ] { #expect(await bench.run(command).status == .inputOutput, "\(command)") }
    for command in [
      [], ["inspect"], ["inspect", "1.trust", "2.trust"], ["verify", "1.trust"], ["verify"],
      ["sign", "2.trust"],
      ["sign", "--key", "r1.pem"], ["sign", "-", "--key", "r1.pem"], ["create", "1.json"],
      ["create", "--out", "o.trust"],
      ["inspect", "1.trust", "--jso"], ["frobnicate"],
    ] { #expect(await bench.run(command).status == .usage, "\(command)") }
    #expect(try !bench.folder.names().contains("o.trust"))
  }
}
