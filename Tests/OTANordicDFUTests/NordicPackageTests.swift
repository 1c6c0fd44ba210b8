import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTAFlashSimulator
import OTANordicDFU
import OTAPartition
import Testing

@Suite("Packages of Nordic")
struct NordicPackageTests {
  static func image(
    _ firmware: [UInt8] = [1, 2, 3], kind: NordicPackage.Kind = .application, by key: OpenSSLPrivateKey
  ) async throws -> NordicPackage.Image {
    let command = try NordicInitPacketTests.command(of: firmware)
    let packet = try await NordicInitPacket.signed(command, by: OpenSSLNordicSigner(key))
    return NordicPackage.Image(
      kind: kind, firmwareName: "\(kind.rawValue).bin", firmware: firmware,
      packetName: "\(kind.rawValue).dat",
      packet: packet)
  }

  @Test("what is packed is unpacked, and verified; the same images give the same bytes")
  func roundTrip() async throws {
    let key = try OpenSSLPrivateKey.generate(.p256)
    let firmware = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
    let package = NordicPackage(images: [try await Self.image(firmware, by: key)])
    let bytes = try package.serialized()
    #expect(try package.serialized() == bytes && bytes.count < 50_000)
    let read = try NordicPackage(reading: bytes)
    #expect(read == package && !read.isLegacy)
    let commands = try read.verify(OpenSSLNordicVerifier(key.publicKey))
    #expect(commands.count == 1 && commands[0].firmwareVersion == 3)
    let stranger = try OpenSSLPrivateKey.generate(.p256)
    #expect(throws: NordicPackageError.packet(.application, .crypto(.authenticationFailed))) {
      try read.verify(OpenSSLNordicVerifier(stranger.publicKey))
    }
    var changed = read
    changed.images[0].firmware[9] ^= 1
    let same = try NordicPackage(reading: changed.serialized())
    #expect(throws: NordicPackageError.packet(.application, .digestMismatch)) {
      try same.verify(OpenSSLNordicVerifier(key.publicKey))
    }
    changed.images[0].firmware.append(0)
    #expect(throws: NordicPackageError.packet(.application, .sizeMismatch)) {
      try changed.verify(OpenSSLNordicVerifier(key.publicKey))
    }
    // An application's init packet under another name.
    let renamed = NordicPackage(images: [try await Self.image(kind: .bootLoader, by: key)])
    #expect(throws: NordicPackageError.manifestMalformed) {
      try renamed.verify(OpenSSLNordicVerifier(key.publicKey))
    }
    #expect(throws: NordicPackageError.manifestMalformed) {
      try NordicPackage(images: []).verify(OpenSSLNordicVerifier(key.publicKey))
    }
  }

  @Test(
    "names that could be paths are refused",
    arguments: ["../x.bin", "/etc/x", "a/b", "a\\b", "..", ".", "", "a\nb", "x\u{7f}"])
  func names(name: String) async throws {
    let key = try OpenSSLPrivateKey.generate(.p256)
    var package = NordicPackage(images: [try await Self.image(by: key)])
    package.images[0].firmwareName = name
    #expect(throws: NordicPackageError.unusableName) { try package.serialized() }
    // The same in archives of others, stored without compression.
    let archive = RawArchive.bytes([
      ("manifest.json", RawArchive.manifest(firmware: name)), (name, [1, 2, 3]), ("a.dat", [0]),
    ])
    #expect(throws: NordicPackageError.self) { try NordicPackage(reading: archive) }
  }

  @Test("names that are there twice are refused")
  func duplicates() async throws {
    let key = try OpenSSLPrivateKey.generate(.p256)
    var package = NordicPackage(images: [try await Self.image(by: key)])
    package.images[0].packetName = package.images[0].firmwareName
    #expect(throws: NordicPackageError.unusableName) { try package.serialized() }
    package = NordicPackage(images: [try await Self.image(by: key), try await Self.image(by: key)])
    #expect(throws: NordicPackageError.unusableName) { try package.serialized() }
    let archive = RawArchive.bytes([
      ("manifest.json", RawArchive.manifest(firmware: "a.bin")), ("a.bin", [1]), ("a.bin", [2]),
      ("a.dat", [0]),
    ])
    #expect(throws: NordicPackageError.self) { try NordicPackage(reading: archive) }
  }

  private func failure(_ files: [(String, [UInt8])]) -> NordicPackageError? {
    do throws(NordicPackageError) {
      _ = try NordicPackage(reading: RawArchive.bytes(files))
      return nil
    } catch { return error }
  }

  @Test("archives without what must be in them are refused by name")
  func contents() throws {
    let manifest = RawArchive.manifest(firmware: "a.bin")
    #expect(failure([("manifest.json", manifest), ("a.bin", [1]), ("a.dat", [2])]) == nil)
    #expect(failure([("a.bin", [1]), ("a.dat", [2])]) == .manifestMissing)
    #expect(failure([("manifest.json", manifest), ("a.dat", [2])]) == .fileMissing)
    #expect(failure([("manifest.json", manifest), ("a.bin", [2])]) == .fileMissing)
    for text in [
      "", "{}", "[]", "{\"manifest\":{}}", "{\"manifest\":{\"application\":{\"bin_file\":1}}}", "\u{0}",
    ] {
      #expect(failure([("manifest.json", Array(text.utf8))]) == .manifestMalformed, "\(text)")
    }
    let deep = [UInt8](repeating: UInt8(ascii: "["), count: 60_000)
    #expect(failure([("manifest.json", deep)]) == .manifestMalformed)
    let long = [UInt8](repeating: 0x20, count: 70_000)
    #expect(failure([("manifest.json", long)]) == .fileTooLarge)
    #expect(throws: NordicPackageError.notAnArchive) { try NordicPackage(reading: []) }
    #expect(throws: NordicPackageError.notAnArchive) { try NordicPackage(reading: [0x50, 0x4b, 3, 4]) }
  }

  @Test("limits hold for numbers and lengths, said and real")
  func limits() async throws {
    let key = try OpenSSLPrivateKey.generate(.p256)
    let zeros = [UInt8](repeating: 0, count: 5_000_000)
    let bomb = try NordicPackage(images: [try await Self.image(zeros, by: key)]).serialized()
    // A thousandth of what it unpacks to.
    #expect(bomb.count < 10_000)
    #expect(throws: NordicPackageError.fileTooLarge) {
      try NordicPackage(reading: bomb, limits: Limits(package: PackageLimits(fileSize: 4_999_999)))
    }
    #expect(throws: NordicPackageError.fileTooLarge) {
      try NordicPackage(reading: bomb, limits: Limits(package: PackageLimits(totalSize: 5_000_000)))
    }
    #expect(throws: NordicPackageError.tooManyFiles) {
      try NordicPackage(reading: bomb, limits: Limits(package: PackageLimits(fileCount: 2)))
    }
    // The archive says that there is less in it than there is, or more, in the directory and before the file.
    let said = RawArchive.word(5_000_000)
    for size in [1000, 5_000_001, 4_999_999] as [UInt32] {
      var changed = bomb
      for place in 0..<bomb.count - 4 where Array(bomb[place..<place + 4]) == said {
        changed.replaceSubrange(place..<place + 4, with: RawArchive.word(size))
      }
      #expect(throws: NordicPackageError.self) { try NordicPackage(reading: changed) }
    }
  }

  @Test("every cut and flipped bit of an archive is refused, or harmless; nothing traps")
  func damaged() async throws {
    let key = try OpenSSLPrivateKey.generate(.p256)
    let package = NordicPackage(images: [try await Self.image(by: key)])
    let bytes = try package.serialized()
    let verifier = try OpenSSLNordicVerifier(key.publicKey)
    var harmless = 0
    for bit in 0..<8 * bytes.count {
      var changed = bytes
      changed[bit / 8] ^= 1 << UInt8(bit % 8)
      guard let read = try? NordicPackage(reading: changed) else { continue }
      if (try? read.verify(verifier)) != nil {
        harmless += 1
        #expect(read.images[0].firmware == [1, 2, 3] && read.images[0].packet == package.images[0].packet)
      }
    }
    // Dates and the like.
    #expect(harmless > 0 && harmless < 8 * bytes.count / 4)
    for count in 0..<bytes.count {
      #expect(throws: NordicPackageError.self) { try NordicPackage(reading: Array(bytes.prefix(count))) }
    }
  }
}
