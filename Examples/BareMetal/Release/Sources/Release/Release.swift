import Foundation
import OTACore
import OTACrypto
import OTACryptoSodium
import OTAManifest

/// Makes the signed manifest of one update.
///
///     Release NEW PAYLOAD KEY.pem SEQUENCE MAJOR.MINOR.PATCH ENVELOPE [OLD MEMORY]
///
/// With OLD the payload is a native patch from it, for a decoder with MEMORY bytes; without, it is the image.
@main
struct Release {
  static let vendorID = UniversalIdentifier(high: 0x6f74_612d_6578_414d, low: 0x904c_652d_7665_6e64)
  static let classID = UniversalIdentifier(high: 0x6f74_612d_6578_414d, low: 0x904c_652d_636c_6173)
  /// So that the digests of all blocks fit the envelope of a small device, and a block its memory.
  static let blockSize: UInt32 = 4096

  static func main() async throws {
    let arguments = CommandLine.arguments
    guard arguments.count == 7 || arguments.count == 9, let sequence = UInt64(arguments[4]),
      let version = version(arguments[5])
    else {
      FileHandle.standardError.write(
        Data("usage: Release NEW PAYLOAD KEY.pem SEQUENCE VERSION ENVELOPE [OLD MEMORY]\n".utf8))
      exit(64)
    }
    let image = try read(arguments[1])
    let payload = try read(arguments[2])
    let signer = try signer(arguments[3])
    var encoding = PayloadEncoding.identity
    if arguments.count == 9, let memory = UInt32(arguments[8]) {
      let old = try read(arguments[7])
      encoding = .delta(DeltaDescription(format: .native, source: describe(old), memory: memory))
    }
    let manifest = Manifest(
      sequenceNumber: SequenceNumber(sequence), newVersion: version, component: ComponentIdentifier("app"),
      compatibility: Compatibility(vendorID: vendorID, classID: classID),
      image: describe(image),
      payload: PayloadDescription(
        of: payload, uri: "payload", encoding: encoding, hash: SodiumSHA256.self, blockSize: blockSize))
    let envelope = try await manifest.signedEnvelope(by: signer)
    try Data(envelope).write(to: URL(fileURLWithPath: arguments[6]))
    print("\(SodiumSHA256.digest(of: envelope.span))")
  }

  private static func signer(_ path: String) throws -> SodiumSigner {
    let text = try read(path)
    return SodiumSigner(try Ed25519PrivateKey(pem: text.span))
  }

  private static func describe(_ bytes: [UInt8]) -> ImageDescription {
    ImageDescription(digest: SodiumSHA256.digest(of: bytes.span), size: UInt32(bytes.count))
  }

  private static func read(_ path: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
  }

  private static func version(_ text: String) -> Version? {
    let parts = text.split(separator: ".").compactMap { UInt32($0) }
    return parts.count == 3 ? Version(parts[0], parts[1], parts[2]) : nil
  }
}
