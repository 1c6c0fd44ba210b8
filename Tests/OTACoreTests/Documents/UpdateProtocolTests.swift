import Foundation
import OTACore
import Testing

@Suite("Documents of the update protocol")
struct UpdateProtocolTests {
  static let check = UpdateCheckRequest(
    device: "f81d4fae-7dec-11d0-a765-00a0c91e6bf6", vendor: "00000000-0000-0000-0000-000000000001",
    deviceClass: "00000000-0000-0000-0000-000000000002", hardwareRevision: 3, component: "app",
    version: "1.2.3",
    sequenceNumber: .max, imageDigest: String(repeating: "ab", count: 32), deltaFormats: ["bsdiff43"],
    decoderMemory: 65_536)

  @Test("a check has the documented names, and reads back")
  func checkRequest() throws {
    let data = try JSONEncoder().encode(Self.check)
    let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    #expect(
      Set(object.keys) == [
        "device", "vendor", "class", "hardwareRevision", "component", "version", "sequenceNumber",
        "imageDigest",
        "deltaFormats", "decoderMemory",
      ])
    #expect(object["class"] as? String == Self.check.deviceClass)
    #expect(try JSONDecoder().decode(UpdateCheckRequest.self, from: data) == Self.check)
  }

  @Test("an answer without an update reads the same, whether the field is null or absent")
  func checkResponse() throws {
    let nothing = UpdateCheckResponse(update: nil, pollSeconds: 30)
    for text in ["{\"pollSeconds\":30}", "{\"pollSeconds\":30,\"update\":null}"] {
      #expect(try JSONDecoder().decode(UpdateCheckResponse.self, from: Data(text.utf8)) == nothing)
    }
    let update = UpdateCheckResponse.Update(id: "00", manifest: "/artifacts/00", manifestSize: 512)
    let response = UpdateCheckResponse(update: update, pollSeconds: 1)
    let data = try JSONEncoder().encode(response)
    #expect(try JSONDecoder().decode(UpdateCheckResponse.self, from: data) == response)
  }

  @Test("a number out of range, or a field that is missing, is an error and not a default")
  func refused() throws {
    let data = try JSONEncoder().encode(Self.check)
    let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    for key in object.keys {
      var without = object
      without[key] = nil
      let text = try JSONSerialization.data(withJSONObject: without)
      #expect(throws: DecodingError.self) { try JSONDecoder().decode(UpdateCheckRequest.self, from: text) }
    }
    for number in ["-1", "4294967296", "1.5", "\"1\"", "null"] {
      let text = "{\"pollSeconds\":\(number)}"
      #expect(throws: DecodingError.self, "\(text)") {
        try JSONDecoder().decode(UpdateCheckResponse.self, from: Data(text.utf8))
      }
    }
  }

  @Test("every patch format has a name of its own that leads back to it")
  func formatNames() {
    #expect(Set(DeltaFormat.allCases.map(\.name)).count == DeltaFormat.allCases.count)
    for format in DeltaFormat.allCases { #expect(DeltaFormat(name: format.name) == format) }
    #expect(DeltaFormat(name: "BSDIFF43") == nil)
    #expect(DeltaFormat(name: "") == nil)
  }
}
