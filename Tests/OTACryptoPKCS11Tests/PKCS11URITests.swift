import OTACryptoPKCS11
import Testing

@Suite struct PKCS11URITests {
  private static func problem(_ text: String) -> PKCS11URI.Problem? {
    do throws(PKCS11URI.Problem) {
      _ = try PKCS11URI(text)
      return nil
    } catch {
      return error
    }
  }

  @Test("All attributes that are supported are read, with their escapes")
  func attributes() throws {
    let uri = try PKCS11URI(
      "pkcs11:token=The%20Software%20PKCS%2311%20Softtoken;manufacturer=Snake%20Oil,%20Inc.;model=1.0;"
        + "serial=4a;slot-id=7;object=my-%C3%A4-key;type=private;id=%00%ffab"
        + "?module-path=/usr/lib/module.so&pin-source=file:/etc/token")
    #expect(uri.token == "The Software PKCS#11 Softtoken")
    #expect(uri.manufacturer == "Snake Oil, Inc.")
    #expect(uri.model == "1.0")
    #expect(uri.serial == "4a")
    #expect(uri.slot == 7)
    #expect(uri.object == "my-ä-key")
    #expect(uri.identifier == [0, 0xff, 0x61, 0x62])
    #expect(uri.modulePath == "/usr/lib/module.so")
    #expect(uri.pinPath == "/etc/token")
    let short = try PKCS11URI("pkcs11:object=a")
    #expect(short.object == "a" && short.token == nil && short.modulePath == nil && short.pinPath == nil)
  }

  @Test(
    "Sources of a PIN that are files",
    arguments: [
      ("file:/a/b", "/a/b"), ("file:///a/b", "/a/b"), ("/a/b", "/a/b"), ("pin.txt", "pin.txt"),
      ("file:pin.txt", "pin.txt"), ("file:/with%20blank", "/with blank"),
    ])
  func pinSources(_ source: String, _ path: String) throws {
    #expect(try PKCS11URI("pkcs11:object=a?pin-source=\(source)").pinPath == path)
  }

  @Test(
    "Everything else is refused with its reason",
    arguments: [
      ("", PKCS11URI.Problem.otherScheme), ("key.pem", .otherScheme), ("PKCS11:object=a", .otherScheme),
      ("pkcs11:", .keyMissing), ("pkcs11:token=a", .keyMissing), ("pkcs11:id=", .keyMissing),
      ("pkcs11:object=", .malformed), ("pkcs11:object", .malformed), ("pkcs11:=a", .malformed),
      ("pkcs11:object=a;", .malformed), ("pkcs11:object=a;;token=b", .malformed),
      ("pkcs11:object=%", .malformed), ("pkcs11:object=%2", .malformed), ("pkcs11:object=%2x", .malformed),
      ("pkcs11:object=a b", .malformed), ("pkcs11:object=ä", .malformed), ("pkcs11:object=%ff", .malformed),
      ("pkcs11:object=a%00b", .malformed), ("pkcs11:object=a;slot-id=x", .malformed),
      ("pkcs11:object=a;slot-id=-1", .malformed),
      ("pkcs11:object=a;slot-id=99999999999999999999999", .malformed),
      ("pkcs11:object=a;object=a", .duplicateAttribute),
      ("pkcs11:object=a?module-path=/a&module-path=/a", .duplicateAttribute),
      ("pkcs11:object=a;label=b", .unsupportedAttribute),
      ("pkcs11:object=a;library-version=1", .unsupportedAttribute),
      ("pkcs11:object=a?module-name=b", .unsupportedAttribute),
      ("pkcs11:object=a?pin-value=1234", .secretInName), ("pkcs11:object=a;type=cert", .notPrivateKey),
      ("pkcs11:object=a?pin-source=%7Cprogram", .pinSourceNotFile),
      ("pkcs11:object=a?pin-source=file:%7Cprogram", .pinSourceNotFile),
      ("pkcs11:object=a?pin-source=https://host/pin", .pinSourceNotFile),
      ("pkcs11:object=a?pin-source=file:", .pinSourceNotFile),
    ])
  func refused(_ text: String, _ problem: PKCS11URI.Problem) {
    #expect(Self.problem(text) == problem)
  }

  @Test("A text over the limit is refused")
  func size() {
    let most = PKCS11URI.maximumSize - "pkcs11:object=".utf8.count
    #expect(Self.problem("pkcs11:object=" + String(repeating: "a", count: most)) == nil)
    #expect(Self.problem("pkcs11:object=" + String(repeating: "a", count: most + 1)) == .malformed)
  }

  @Test("Any change of one character is read or refused, and nothing else")
  func mutations() throws {
    let text = Array("pkcs11:token=a%20b;id=%01?module-path=/m.so&pin-source=file:/p".unicodeScalars)
    for index in text.indices {
      for scalar in ["%", ";", "&", "=", "?", "\u{0}", " ", "ÿ", "|"].compactMap(Unicode.Scalar.init) {
        var changed = text
        changed[index] = scalar
        _ = Self.problem(String(String.UnicodeScalarView(changed)))
        changed.remove(at: index)
        _ = Self.problem(String(String.UnicodeScalarView(changed)))
      }
    }
    #expect(Self.problem(String(String.UnicodeScalarView(text))) == nil)
  }
}
