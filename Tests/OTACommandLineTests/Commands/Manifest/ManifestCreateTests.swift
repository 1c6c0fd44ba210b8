import Foundation
import OTACommandLine
import OTACore
import OTACrypto
import OTACryptoSodium
import OTAManifest
import Testing

/// From a description to what a device has at the end.
@Suite("ota manifest create")
struct ManifestCreateTests {
  static let vendor = "fa6b4a53-d5ad-5fdf-be9d-e663e4d41ffe"
  static let deviceClass = "1492af14-2569-5e48-bf42-9b2d51f2ab45"

  /// A folder with a key and payloads.
  private static func prepared() async throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    let run = await ota("key", "generate", "--algorithm", "ed25519", "--out", folder.file("key.pem"))
    #expect(run.status == .done)
    for name in ["app", "boot", "new"] {
      _ = try folder.write(Array("\(name) image".utf8), to: "\(name).bin")
    }
    return folder
  }

  private func key(in folder: TemporaryFolder) throws -> PublicKey {
    let text = try folder.read("key.pub.pem")
    return try PublicKey(pem: text.span)
  }

  /// The identity of the devices, for descriptions.
  static let identity = #""vendor": "\#(vendor)", "class": "\#(deviceClass)""#

  /// Makes and signs an envelope.
  private func envelope(
    _ description: String, _ options: String..., name: String = "m", in folder: TemporaryFolder
  ) async throws -> [UInt8] {
    let path = try folder.write(Array(description.utf8), to: "\(name).json")
    let created = await ota(["manifest", "create", path, "--out", folder.file("\(name).suit")] + options)
    #expect(created.status == .done, "\(created.diagnostics)")
    let signed = await ota("manifest", "sign", folder.file("\(name).suit"), "--key", folder.file("key.pem"))
    #expect(signed.status == .done, "\(signed.diagnostics)")
    let verified = await ota(
      "manifest", "verify", folder.file("\(name).suit"), "--key", folder.file("key.pub.pem"))
    #expect(verified.status == .done, "\(verified.diagnostics)")
    let inspected = await ota("manifest", "inspect", folder.file("\(name).suit"))
    #expect(inspected.status == .done)
    return try folder.read("\(name).suit")
  }

  /// How a procedure ends.
  private func error(
    _ device: inout RecordingDevice, _ bytes: [UInt8], _ key: PublicKey, _ procedure: SUITProcedure
  ) throws -> SUITProcessingError? {
    try device.process(bytes, trusting: key, procedure)
  }

  private func device(_ names: String...) throws -> RecordingDevice {
    var device = RecordingDevice()
    device.names = names
    device.contents = names.map { _ in [] }
    device.vendor = try #require([UInt8](hexadecimal: Self.vendor.replacing("-", with: "")))
    device.deviceClass = try #require([UInt8](hexadecimal: Self.deviceClass.replacing("-", with: "")))
    return device
  }

  @Test("one component that is fetched: processed, and an update for the agent")
  func simple() async throws {
    let folder = try await Self.prepared()
    let key = try self.key(in: folder)
    let bytes = try await envelope(
      """
      { "sequenceNumber": 7, \(Self.identity),
        "components": [ { "name": "app", "payload": "app.bin", "uri": "http://x/app", "invoke": true } ] }
      """, in: folder)
    var device = try device("app")
    device.resources = ["http://x/app": Array("app image".utf8)]
    #expect(try error(&device, bytes, key, .update) == nil)
    #expect(try error(&device, bytes, key, .invocation) == nil)
    #expect(device.log == ["fetch http://x/app > app", "invoke app "])
    device.deviceClass[0] ^= 1
    #expect(try error(&device, bytes, key, .update) == .conditionFailed(2))
    let verifier = ManifestVerifier(verifier: SodiumVerifier(), hash: SodiumSHA256.self)
    let opened = try verifier.open(bytes.span, trustStore: TrustStore(key, for: .manifest))
    #expect(opened.manifest.component == ComponentIdentifier("app"))
    #expect(opened.manifest.image.size == 9)
  }

  @Test("components that are fetched early, written, copied, loaded and run; text and severed parts")
  func several() async throws {
    let folder = try await Self.prepared()
    let key = try self.key(in: folder)
    let bytes = try await envelope(
      """
      { "sequenceNumber": 8, "version": "1.2-rc.3", \(Self.identity), "referenceURI": "https://x/m",
        "manifestComponent": ["m", "root"],
        "components": [
          { "name": "staging", "payload": "app.bin", "uri": "http://x/app", "stage": true },
          { "name": ["flash", "app"], "payload": "app.bin", "copyFrom": "staging", "requiredVersion": ">=1.0" },
          { "name": "config", "content": "a=1" },
          { "name": "extra", "payload": "boot.bin", "integrated": true },
          { "name": "ram", "payload": "app.bin", "loadFrom": ["flash", "app"], "invoke": true,
            "arguments": "0x2d76" } ],
        "text": { "en": { "update-description": "Better", "components": [
          { "name": "config", "vendor-name": "Acme" } ] } },
        "sever": [ "install", "payload-fetch", "text" ] }
      """, in: folder)
    var device = try device("staging", "flash/app", "config", "extra", "ram")
    device.resources = ["http://x/app": Array("app image".utf8)]
    #expect(try error(&device, bytes, key, .update) == nil)
    #expect(
      device.log == [
        "fetch http://x/app > staging", "copy staging > flash/app", "store > config", "store > extra",
      ])
    #expect(device["flash/app"] == "app image" && device["config"] == "a=1")
    #expect(device["extra"] == "boot image")
    device.log = []
    #expect(try error(&device, bytes, key, .invocation) == nil)
    #expect(device.log == ["copy flash/app > ram", "invoke ram -v"])
    device.version = Version(0, 9, 0)
    #expect(try error(&device, bytes, key, .update) == .conditionFailed(28))
    let document = try SUITDocument(decoding: bytes)
    #expect(document.manifest.setVersion == [1, 2, -1, 3])
    #expect(document.text?.languages[0].entries == [2: "Better"])
    #expect(document.text?.languages[0].components[0].entries == [1: "Acme"])
    #expect(document.severedSections.count == 2 && document.severedText != nil)
  }

  @Test("the image of the slot is chosen", arguments: [0, 1])
  func slots(_ slot: Int) async throws {
    let folder = try await Self.prepared()
    let key = try self.key(in: folder)
    let bytes = try await envelope(
      """
      { "sequenceNumber": 1, \(Self.identity), "components": [ { "name": "app", "slots": [
        { "slot": 0, "payload": "app.bin", "uri": "http://x/0" },
        { "slot": 1, "payload": "new.bin", "uri": "http://x/1" } ] } ] }
      """, in: folder)
    var device = try device("app")
    device.slot = UInt64(slot)
    device.resources = ["http://x/0": Array("app image".utf8), "http://x/1": Array("new image".utf8)]
    #expect(try error(&device, bytes, key, .update) == nil)
    #expect(device.log == ["fetch http://x/\(slot) > app"])
    #expect(device["app"] == (slot == 0 ? "app image" : "new image"))
  }

  @Test("a dependency runs before what depends on it, in each section that it has")
  func dependency() async throws {
    let folder = try await Self.prepared()
    let key = try self.key(in: folder)
    _ = try await envelope(
      """
      { "sequenceNumber": 3, \(Self.identity),
        "components": [ { "name": "radio", "payload": "boot.bin", "uri": "http://x/radio" } ] }
      """, name: "radio", in: folder)
    let bytes = try await envelope(
      """
      { "sequenceNumber": 4, \(Self.identity),
        "components": [ { "name": "app", "payload": "app.bin", "uri": "http://x/app" } ],
        "dependencies": [ { "name": "radio.suit", "manifest": "radio.suit", "integrated": true, "prefix": "in" } ] }
      """, in: folder)
    var device = try device("app", "radio.suit", "in/radio")
    device.resources = [
      "http://x/app": Array("app image".utf8), "http://x/radio": Array("boot image".utf8),
    ]
    #expect(try error(&device, bytes, key, .update) == nil)
    #expect(
      device.log == ["store > radio.suit", "fetch http://x/radio > in/radio", "fetch http://x/app > app"])
    #expect(try error(&device, bytes, key, .invocation) == nil)
    device.contents[2] = [1]
    #expect(try error(&device, bytes, key, .invocation) == .conditionFailed(3))
  }

  @Test("the command line names other payloads, by the names of components")
  func payloads() async throws {
    let folder = try await Self.prepared()
    let key = try self.key(in: folder)
    let description = """
      { "sequenceNumber": 1, \(Self.identity),
        "components": [ { "name": ["a", "b"], "payload": "missing.bin", "uri": "http://x/a" } ] }
      """
    let bytes = try await envelope(description, "--payload", "a/b=" + folder.file("new.bin"), in: folder)
    var device = try device("a/b")
    device.resources = ["http://x/a": Array("new image".utf8)]
    #expect(try error(&device, bytes, key, .update) == nil)
    let path = try folder.write(Array(description.utf8), to: "d.json")
    let missing = await ota("manifest", "create", path, "--out", folder.file("o"))
    #expect(missing.status == .inputOutput && missing.diagnostics.contains("missing.bin"))
    let other = await ota("manifest", "create", path, "--out", folder.file("o"), "--payload", "c=x")
    #expect(other.status == .failed && other.diagnostics.contains("has no component 'c'"))
    for value in ["c", "=x", "c="] {
      let wrong = await ota("manifest", "create", path, "--out", folder.file("o"), "--payload=\(value)")
      #expect(wrong.status == .usage)
    }
    let twice = await ota(
      "manifest", "create", path, "--out", folder.file("o"), "--payload", "c=x", "--payload", "c=y")
    #expect(twice.status == .usage)
    #expect(!(try folder.names().contains("o")))
  }

  @Test("equal descriptions give equal bytes, and JSON says what was made")
  func result() async throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(
      Array(#"{"sequenceNumber":1,"components":[{"name":"0x00","content":"0x0102"}]}"#.utf8), to: "d.json")
    let run = await ota("manifest", "create", path, "--out", folder.file("a"), "--json")
    #expect(run.status == .done && run.diagnostics.isEmpty)
    let object = try #require(try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
    let first = try folder.read("a")
    #expect(object["size"] as? Int == first.count)
    #expect(object["components"] as? [String] == ["0x00"])
    let document = try SUITDocument(decoding: first)
    #expect(object["digest"] as? String == String(hexadecimal: document.digest.bytes.span))
    _ = await ota("manifest", "create", path, "--out", folder.file("b"))
    #expect(try folder.read("b") == first)
  }

  @Test(
    "what is wrong in a description is named with its place, and nothing is written",
    arguments: [
      ("", "is not JSON"), ("[]", "is not an object"), ("{", "is not JSON"),
      ("{}", "sequenceNumber is missing"),
      (#"{"sequenceNumber":-1}"#, "sequenceNumber must be a whole number"),
      (#"{"sequenceNumber":"1"}"#, "sequenceNumber must be a whole number"),
      (#"{"sequenceNumber":true}"#, "sequenceNumber must be a whole number"),
      (#"{"sequenceNumber":1}"#, "components is missing"),
      (#"{"sequenceNumber":1,"component":[]}"#, "components is missing"),
      (
        #"{"sequenceNumber":1,"components":[{"name":"a"}],"sevr":[]}"#,
        "sevr is not known; did you mean 'sever'?"
      ),
      (#"{"sequenceNumber":1,"components":{}}"#, "components must be a list"),
      (#"{"sequenceNumber":1,"components":[1]}"#, "components[0] must be an object"),
      (#"{"sequenceNumber":1,"components":[{}]}"#, "components[0].name is missing"),
      (#"{"sequenceNumber":1,"components":[{"name":""}]}"#, "components[0].name is empty"),
      (#"{"sequenceNumber":1,"components":[{"name":[]}]}"#, "components[0].name is empty"),
      (#"{"sequenceNumber":1,"components":[{"name":[1]}]}"#, "components[0].name must be text"),
      (#"{"sequenceNumber":1,"components":[{"name":"0xzz"}]}"#, "components[0].name is not hexadecimal"),
      (#"{"sequenceNumber":1,"components":[{"name":"a"},{"name":"a"}]}"#, "components[1].name stands twice"),
      (#"{"sequenceNumber":1,"components":[{"name":"a","ury":"x"}]}"#, "components[0].ury is not known"),
      (
        #"{"sequenceNumber":1,"components":[{"name":"a","uri":"x"}]}"#,
        "payload or digest and size are missing"
      ),
      (#"{"sequenceNumber":1,"components":[{"name":"a","digest":"00","size":1}]}"#, "must be a SHA-256"),
      (#"{"sequenceNumber":1,"components":[{"name":"a","size":1}]}"#, "must be a SHA-256"),
      (#"{"sequenceNumber":1,"components":[{"name":"a","integrated":true}]}"#, "needs a payload"),
      (#"{"sequenceNumber":1,"components":[{"name":"a","content":"x","uri":"y"}]}"#, "leaves no place"),
      (#"{"sequenceNumber":1,"components":[{"name":"a","copyFrom":"b"}]}"#, "copyFrom names no component"),
      (
        #"{"sequenceNumber":1,"components":[{"name":"a","arguments":"x"}]}"#, "is for a component with invoke"
      ),
      (#"{"sequenceNumber":1,"components":[{"name":"a","stage":true}]}"#, "is for a component with uri"),
      (#"{"sequenceNumber":1,"components":[{"name":"a","requiredVersion":"1"}]}"#, "must be such as >=1.2"),
      (#"{"sequenceNumber":1,"components":[{"name":"a","slots":[{"slot":1}]}]}"#, "must be two or more"),
      (#"{"sequenceNumber":1,"version":"1.x","components":[{"name":"a"}]}"#, "version must be such as"),
      (#"{"sequenceNumber":1,"version":"1.2.3.4","components":[{"name":"a"}]}"#, "version must be such as"),
      (#"{"sequenceNumber":1,"vendor":"x","components":[{"name":"a"}]}"#, "vendor must be such as"),
      (#"{"sequenceNumber":1,"components":[{"name":"a"}],"sever":["validate"]}"#, "sever[0] must be"),
      (#"{"sequenceNumber":1,"components":[{"name":"a"}],"text":{}}"#, "text has no language"),
      (
        #"{"sequenceNumber":1,"components":[{"name":"a"}],"text":{"en":{"x":"y"}}}"#, "text.en.x is not known"
      ),
      (#"{"sequenceNumber":1,"dependencies":[{"name":"a"}]}"#, "dependencies[0].manifest is missing"),
      (
        #"{"sequenceNumber":1,"dependencies":[{"name":"a","manifest":"m"}]}"#,
        "dependencies[0].uri is missing"
      ),
    ])
  func wrong(_ description: String, _ message: String) async throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(Array(description.utf8), to: "d.json")
    let run = await ota("manifest", "create", path, "--out", folder.file("o"))
    #expect(run.status == .failed)
    #expect(run.diagnosticLines.count == 1 && run.diagnostics.contains(message), "\(run.diagnostics)")
    #expect(!(try folder.names().contains("o")))
  }
}
