import OTACore
import OTACrypto
import OTACryptoSodium
import OTATUF

// The first byte: 0 for a file of metadata as it is, else for the part of one that is signed, which then is signed right.

/// A root that names one key for every role, that key, and what signs with it.
private let fixed = makeFixed()

private func makeFixed() -> (keyID: String, root: TUFDocument, sign: @Sendable ([UInt8]) -> [UInt8]) {
  do {
    let seed = SecretBytes(copying: [UInt8](repeating: 1, count: 32).span)
    let box = KeyBox(try Ed25519PrivateKey(seed: seed))
    let publicKey = try TUFPublicKey(box.key.publicKey)
    let value = String(hexadecimal: box.key.publicKey.bytes.span)
    let authority = "{\"keyids\":[\"\(publicKey.keyID)\"],\"threshold\":1}"
    let roles = ["root", "snapshot", "targets", "timestamp"].map { "\"\($0)\":\(authority)" }
    let key = "{\"keytype\":\"ed25519\",\"keyval\":{\"public\":\"\(value)\"},\"scheme\":\"ed25519\"}"
    let signed =
      "{\"_type\":\"root\",\"consistent_snapshot\":true,\"expires\":\"2100-01-01T00:00:00Z\","
      + "\"keys\":{\"\(publicKey.keyID)\":\(key)},\"roles\":{\(roles.joined(separator: ","))},"
      + "\"spec_version\":\"1.0.31\",\"version\":1}"
    let root = try TUFDocument(Array("{\"signatures\":[],\"signed\":\(signed)}".utf8))
    return (publicKey.keyID, root, { message in (try? box.key.signature(for: message.span)) ?? [] })
  } catch {
    fatalError("the fixed root is none: \(error)")
  }
}

private final class KeyBox: Sendable {
  let key: Ed25519PrivateKey
  init(_ key: consuming Ed25519PrivateKey) { self.key = key }
}

private let paths = ["a", "a/b", "app/x/y.bin", "é/*?[x]", "../a", ""]

/// Any bytes are a typed error or a document, and one that reads again from its canonical form.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: start, count: count))
  guard let mode = input.first else { return 0 }
  let (keyID, root, sign) = fixed
  let body = Array(input.dropFirst())
  let file = mode == 0 ? body : Array("{\"signatures\":[],\"signed\":".utf8) + body + Array("}".utf8)
  guard let document = try? TUFDocument(file) else { return 0 }
  check(document, root)
  guard mode != 0 else { return 0 }
  // Signed right it counts, with a bit changed it does not.
  var signature = sign(document.message)
  precondition(isSigned(file: body, keyID, signature, root), "a right signature does not count")
  signature[Int(mode) % 64] ^= 1 << (mode % 8)
  precondition(!isSigned(file: body, keyID, signature, root), "a wrong signature counts")
  return 0
}

private func isSigned(file signed: [UInt8], _ keyID: String, _ signature: [UInt8], _ root: TUFDocument)
  -> Bool
{
  let digits = String(hexadecimal: signature.span)
  let head = "{\"signatures\":[{\"keyid\":\"\(keyID)\",\"sig\":\"\(digits)\"}],\"signed\":"
  guard let document = try? TUFDocument(Array(head.utf8) + signed + Array("}".utf8)) else {
    fatalError("a signature makes a document unreadable")
  }
  return (try? document.isSigned(for: root)) ?? false
}

private func check(_ document: TUFDocument, _ root: TUFDocument) {
  for path in paths {
    _ = try? document.target(at: path)
    _ = try? document.delegates(for: path)
  }
  _ = try? document.isSigned(for: document)
  _ = try? document.isSigned(for: root)
  // Control characters stand as they are in the canonical form, which readers of plain JSON refuse.
  guard !document.message.contains(where: { $0 < 0x20 }) else { return }
  let again = Array("{\"signatures\":[],\"signed\":".utf8) + document.message + Array("}".utf8)
  guard let same = try? TUFDocument(again) else { fatalError("the canonical form cannot be read") }
  precondition(
    same.message == document.message && same.version == document.version && same.expires == document.expires,
    "the canonical form reads otherwise")
}
