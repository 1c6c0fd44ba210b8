import Foundation
import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTAManifest
import Testing

/// The signed examples of draft-ietf-suit-manifest-37, verified with their key and processed to their end.
@Suite(.enabled(if: SharedVectors.has("suit/example0-1.suit"), "needs ../shared/vectors"))
struct ProcessorVectorTests {
  private static let image = "00112233445566778899aabbccddeeff0123456789abcdeffedcba9876543210"
  private static let otherImage = "0123456789abcdeffedcba987654321000112233445566778899aabbccddeeff"

  private func contents(_ digest: String) throws -> SimulatedDevice.Contents {
    let bytes = try #require([UInt8](hexadecimal: digest))
    return SimulatedDevice.Contents(
      Array(digest.utf8), claimedDigest: try Digest(algorithm: .sha256, bytes: bytes.span))
  }

  /// The device of the examples: one component, named by a zero.
  private func device() throws -> SimulatedDevice {
    var device = SimulatedDevice(["\0"])
    device.vendor = try #require([UInt8](hexadecimal: "fa6b4a53d5ad5fdfbe9de663e4d41ffe"))
    device.deviceClass = try #require([UInt8](hexadecimal: "1492af1425695e48bf429b2d51f2ab45"))
    return device
  }

  private func authority() throws -> SUITAuthority<OpenSSLVerifier, SHA256> {
    let pem = [UInt8](try SharedVectors.data("suit/example-signing-key.pem"))
    let key = try OpenSSLPrivateKey(pem: pem.span)
    return SUITAuthority(
      verifier: OpenSSLVerifier(), hash: SHA256.self,
      trustStore: TrustStore(try PublicKey(key.publicKey), for: .manifest))
  }

  private func run(
    _ name: String, on device: inout SimulatedDevice, _ procedure: SUITProcedure
  ) throws -> SUITProcessingError? {
    let bytes = [UInt8](try SharedVectors.data("suit/\(name).suit"))
    let authority = try authority()
    let verified = try authority.authenticate(bytes.span, atLeast: SequenceNumber(0))
    var memory: [UInt8] = []
    var processor = SUITProcessor<SimulatedDevice, OpenSSLVerifier, SHA256>(
      verified, authority: authority, memory: memory.mutableSpan)
    do throws(SUITProcessingError) {
      try processor.run(procedure, on: &device)
      return nil
    } catch {
      return error
    }
  }

  @Test("example 0 boots its image, and nothing else")
  func secureBoot() throws {
    var device = try device()
    device["\0"] = try contents(Self.image)
    device.invocation = .transferred
    #expect(try run("example0-1", on: &device, .invocation) == nil)
    #expect(device.log == ["invoke \0"])
    device = try self.device()
    device["\0"] = try contents(Self.otherImage)
    #expect(try run("example0-1", on: &device, .invocation) == .conditionFailed(3))
    #expect(device.log.isEmpty)
    device["\0"] = try contents(Self.image)
    device.deviceClass[0] ^= 1
    #expect(try run("example0-1", on: &device, .invocation) == .conditionFailed(2))
  }

  @Test("example 1 downloads its image")
  func download() throws {
    var device = try device()
    device.resources["http://example.com/file.bin"] = try contents(Self.image)
    #expect(try run("example1-1", on: &device, .update) == nil)
    #expect(device.log == ["fetch http://example.com/file.bin > \0"])
    #expect(device["\0"] == (try contents(Self.image)))
    device = try self.device()
    device.resources["http://example.com/file.bin"] = try contents(Self.otherImage)
    #expect(try run("example1-1", on: &device, .update) == .conditionFailed(3))
  }

  @Test("example 3 downloads the image of the slot", arguments: [0, 1])
  func slots(_ slot: Int) throws {
    var device = try device()
    device.parts[0].slot = UInt64(slot)
    device.resources["http://example.com/file1.bin"] = try contents(Self.image)
    device.resources["http://example.com/file2.bin"] = try contents(Self.otherImage)
    #expect(try run("example3-1", on: &device, .update) == nil)
    #expect(device.log == ["fetch http://example.com/file\(slot + 1).bin > \0@\(slot)"])
    device.parts[0].slot = 7
    #expect(try run("example3-1", on: &device, .update) == .conditionFailed(5))
  }

  @Test("an unsigned example is refused, and so is a changed one", arguments: [0, 1, 3])
  func refused(_ number: Int) throws {
    let authority = try authority()
    let unsigned = [UInt8](try SharedVectors.data("suit/example\(number)-0.suit"))
    #expect(throws: ManifestError.crypto(.authenticationFailed)) {
      try authority.verdict(on: unsigned)
    }
    let signed = [UInt8](try SharedVectors.data("suit/example\(number)-1.suit"))
    for bit in stride(from: 0, to: signed.count * 8, by: 7) {
      #expect(throws: ManifestError.self, "bit \(bit)") { try authority.verdict(on: signed.flipping(bit)) }
    }
  }
}

extension SUITAuthority where Hash: ~Copyable {
  fileprivate func verdict(on envelope: [UInt8]) throws {
    _ = try authenticate(envelope.span, atLeast: SequenceNumber(0))
  }
}
