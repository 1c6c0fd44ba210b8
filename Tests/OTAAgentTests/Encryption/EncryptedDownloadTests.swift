import OTAAgent
import OTACore
import OTACryptoOpenSSL
import OTACryptoSodium
import OTADelta
import OTAFlashSimulator
import OTAManifest
import OTAPartition
import OTAStateMachine
import Testing

@Suite("Encrypted payloads on a device")
struct EncryptedDownloadTests {
  private let old = Images.old(size: 9000)
  private let new = Images.new(size: 9000)

  private func device(
    _ vendor: Vendor, _ server: SimulatedServer, _ decryption: PayloadDecryption?
  ) throws -> TestDevice {
    let device = try TestDevice(.uniform(), running: old, trusting: vendor.trustStore, over: server)
    device.configuration.payloadDecryption = decryption
    return device
  }

  @Test(
    "Images and patches, with and without digests of the blocks of the image",
    arguments: EncryptedForm.allCases, [nil, DeltaFormat.bsdiff43, .native])
  func installs(_ form: EncryptedForm, _ format: DeltaFormat?) async throws {
    let (vendor, secrets) = (try Vendor(), try DeviceSecrets())
    for hasImageBlocks in format == nil ? [false] : [false, true] {
      let plain = try await vendor.release(
        new, from: format == nil ? nil : old, format: format ?? .bsdiff43
      ) {
        guard hasImageBlocks else { return }
        $0.imageBlocks = BlockDigests(of: new, hash: SodiumSHA256.self, blockSize: 1000)
      }
      let release = try await vendor.encrypting(plain, as: form, for: [secrets])
      #expect(release.payload.firstRange(of: plain.payload.prefix(64)) == nil)
      let server = try SimulatedServer(offering: release)
      let device = try device(vendor, server, secrets.decryption)
      #expect(try await device.run() == .idle)
      #expect(try device.runningImage() == new)
      #expect(server.reports.map(\.outcome) == [.installed])
      #expect(server.payloadFetches == [0..<release.payload.count])
    }
  }

  @Test("A device without a key refuses by name, and fetches nothing", arguments: EncryptedForm.allCases)
  func noKey(_ form: EncryptedForm) async throws {
    let (vendor, secrets) = (try Vendor(), try DeviceSecrets())
    let release = try await vendor.encrypting(try await vendor.release(new), as: form, for: [secrets])
    let stranger = try DeviceSecrets("stranger")
    var half = try secrets.decryption
    if form == .chunks { half.releaseKeys = [] } else { half.payloadKeys = nil }
    for decryption in [nil, PayloadDecryption(), half, try stranger.decryption] {
      let server = try SimulatedServer(offering: release)
      let device = try device(vendor, server, decryption)
      let before = device.modifications
      #expect(try await device.run() == .error(.payloadKeyMissing))
      #expect(device.modifications == before)
      #expect(server.payloadFetchesBegun.isEmpty)
      #expect(server.reports.map(\.outcome) == [.failed(.payloadKeyMissing)])
    }
  }

  @Test("Another key under the same name opens nothing, and neither does one where no names are given")
  func wrongKey() async throws {
    let vendor = try Vendor()
    let (secrets, other) = (try DeviceSecrets(), try DeviceSecrets())
    let plain = try await vendor.release(new)
    for form in EncryptedForm.allCases {
      let release = try await vendor.encrypting(plain, as: form, for: [other], namingRecipients: false)
      let server = try SimulatedServer(offering: release)
      let device = try device(vendor, server, secrets.decryption)
      let before = device.modifications
      // Only the header of a container says whose it is.
      let expected: ErrorCode = form == .chunks ? .payloadKeyMissing : .authenticationFailed
      #expect(try await device.run() == .error(expected), "\(form)")
      #expect(device.modifications == before, "\(form)")
      #expect(server.payloadFetchesBegun.isEmpty == (form != .chunks), "\(form)")
    }
    for form in EncryptedForm.infos {
      let release = try await vendor.encrypting(plain, as: form, for: [other])
      let device = try device(vendor, try SimulatedServer(offering: release), secrets.decryption)
      #expect(try await device.run() == .error(.authenticationFailed), "\(form)")
    }
  }

  /// What a device has in the slot after it refused something: the image up to `end`, and nothing behind it.
  private func expectPrefix(_ device: TestDevice, upTo end: Int, _ what: String) {
    let contents = device.flash.snapshot.contents(of: device.layout[.b])
    #expect(contents[..<end] == new[..<end], "\(what)")
    #expect(contents[end...].allSatisfy { $0 == 0xff }, "\(what): bytes of what was refused are in the slot")
  }

  @Test("A changed bit anywhere: nothing of its chunk is written", arguments: [1024, 2048])
  func tamperedContainer(chunkSize: Int) async throws {
    let (vendor, secrets) = (try Vendor(), try DeviceSecrets())
    let release = try await vendor.encrypting(
      try await vendor.release(new), as: .chunks, for: [secrets], chunkSize: chunkSize)
    let header = 12 + 112 + 24
    // Each field of the header, and in each chunk its tag, its bytes and the end of the authenticator.
    var places = [0, 4, 5, 6, 7, 8, 11, 12, 43, 44, 123, 124, 147].map { ($0, 0) }
    for (number, start) in stride(from: header, to: release.payload.count, by: chunkSize + 17).enumerated() {
      let end = min(start + chunkSize + 17, release.payload.count)
      places += [start, start + 1, (start + end) / 2, end - 17, end - 1].map { ($0, number * chunkSize) }
    }
    for (place, end) in places {
      var changed = release
      changed.payload[place] ^= 1 << UInt8(place % 8)
      let server = try SimulatedServer(offering: changed)
      let device = try device(vendor, server, secrets.decryption)
      guard case .error(let code) = try await device.run() else {
        Issue.record("byte \(place) changed, and accepted")
        continue
      }
      // A changed name is that of another key, a changed version or length of a chunk another format.
      #expect(
        [.authenticationFailed, .payloadKeyMissing, .unsupportedAlgorithm].contains(code), "byte \(place)")
      if place >= 44 { #expect(code == .authenticationFailed, "byte \(place)") }
      #expect(server.reports.map(\.outcome) == [.failed(code)])
      expectPrefix(device, upTo: end, "byte \(place)")
      #expect(try device.runningImage() == old)
      server.change { $0.release = release }
      #expect(try await device.run() == .idle, "byte \(place)")
      #expect(try device.runningImage() == new)
    }
  }

  @Test("A changed bit of a message with a tag writes nothing, of a stream nothing of its block")
  func tamperedMessage() async throws {
    let (vendor, secrets) = (try Vendor(), try DeviceSecrets())
    for form in EncryptedForm.infos {
      let release = try await vendor.encrypting(try await vendor.release(new), as: form, for: [secrets])
      let size = release.payload.count
      for place in [0, 15, 16, 1023, 1024, size / 2, size - 17, size - 16, size - 1] {
        var changed = release
        changed.payload[place] ^= 0x80
        let server = try SimulatedServer(offering: changed)
        let device = try device(vendor, server, secrets.decryption)
        let before = device.modifications
        let expected: ErrorCode = form == .counter ? .payloadDigestMismatch : .authenticationFailed
        #expect(try await device.run() == .error(expected), "\(form), byte \(place)")
        #expect(server.reports.map(\.outcome) == [.failed(expected)])
        if form == .counter {
          expectPrefix(device, upTo: place / 1024 * 1024, "\(form), byte \(place)")
        } else {
          #expect(device.modifications == before, "\(form), byte \(place)")
        }
        #expect(try device.runningImage() == old)
      }
    }
  }

  @Test("A changed encrypted patch changes no byte of the image")
  func tamperedPatch() async throws {
    let (vendor, secrets) = (try Vendor(), try DeviceSecrets())
    let plain = try await vendor.release(new, from: old)
    for form in EncryptedForm.allCases {
      let release = try await vendor.encrypting(plain, as: form, for: [secrets])
      for place in stride(from: 0, to: release.payload.count, by: 41) {
        var changed = release
        changed.payload[place] ^= 4
        let device = try device(vendor, try SimulatedServer(offering: changed), secrets.decryption)
        guard case .error = try await device.run() else {
          Issue.record("\(form), byte \(place) changed, and accepted")
          continue
        }
        let contents = device.flash.snapshot.contents(of: device.layout[.b])
        let written = contents.count - contents.reversed().prefix { $0 == 0xff }.count
        #expect(contents[..<min(written, new.count)] == new[..<min(written, new.count)], "\(form), \(place)")
        #expect(try device.runningImage() == old)
      }
    }
  }

  @Test("An end that is cut off is not the end", arguments: EncryptedForm.allCases)
  func truncated(_ form: EncryptedForm) async throws {
    let (vendor, secrets) = (try Vendor(), try DeviceSecrets())
    let whole = try await vendor.encrypting(try await vendor.release(new), as: form, for: [secrets])
    let size = whole.payload.count
    for count in [0, 11, 100, 148, 149, 148 + 1041, size / 2, size - 1] {
      var release = whole
      release.payload = Array(release.payload.prefix(count))
      // The server has no more: asked for the rest it gives nothing.
      let server = try SimulatedServer(offering: release)
      let device = try device(vendor, server, secrets.decryption)
      #expect(try await device.run() == .error(.transportInterrupted), "\(count) bytes")
      #expect(try device.runningImage() == old)
      server.change { $0.release = whole }
      #expect(try await device.run() == .idle, "\(count) bytes")
      #expect(try device.runningImage() == new)
    }
  }

  @Test("A manifest that says the container ends earlier, or has another length of chunks, installs nothing")
  func wrongDescription() async throws {
    let (vendor, secrets) = (try Vendor(), try DeviceSecrets())
    let plain = try await vendor.release(new)
    // Between two chunks; in one; behind the end; smaller chunks than the header has.
    let eightChunks = 12 + 10 * 112 + 24 + 8 * (1024 + 17)
    let cases: [(ErrorCode, (inout PayloadEncryption) -> Void)] = [
      (.authenticationFailed, { $0.transportSize = UInt32(eightChunks) }),
      (.payloadSizeMismatch, { $0.transportSize -= 1 }),
      (.authenticationFailed, { $0.transportSize += 1 }),
      (.unsupportedAlgorithm, { $0 = PayloadEncryption(chunksOf: 1024, transportSize: $0.transportSize) }),
    ]
    for (index, (code, change)) in cases.enumerated() {
      // Many recipients, so that the container without its last chunk is still longer than the image.
      var release = try await vendor.encrypting(
        plain, as: .chunks, for: [DeviceSecrets](repeating: secrets, count: 10),
        chunkSize: index == 3 ? 2048 : 1024, changing: change)
      if index == 0 { release.payload = Array(release.payload.prefix(eightChunks)) }
      if index == 2 { release.payload.append(0) }
      let server = try SimulatedServer(offering: release)
      let device = try device(vendor, server, secrets.decryption)
      #expect(try await device.run() == .error(code), "case \(index)")
      #expect(try device.runningImage() == old)
    }
  }

  @Test("Whoever encrypts does not decide: another plaintext under a good key is refused")
  func otherPlaintext() async throws {
    let (vendor, secrets) = (try Vendor(), try DeviceSecrets())
    let genuine = try await vendor.release(new)
    for form in EncryptedForm.allCases {
      for change in [0, -1, 1, -1024, 1024] {
        // The attacker has the public keys, and the manifest is the vendor's, but for the length on the way.
        var plain = change < 0 ? Array(new.dropLast(-change)) : new + [UInt8](repeating: 3, count: change)
        if change == 0 { plain[5000] ^= 1 }
        var release = genuine
        release.payload = try release.manifest.payload.encrypt(plain, as: form, for: [secrets])
        if form != .chunks, change != 0 {
          // Its length follows from that of the payload.
          let info = release.manifest.payload.encryption
          guard case .encryptionInfo(let bytes) = info?.form else { continue }
          release.manifest.payload.encryption = try PayloadEncryption(
            encryptionInfo: bytes, payloadSize: UInt32(new.count))
        }
        guard let size = release.manifest.payload.encryption?.transportSize,
          size > new.count || form == .counter
        else { continue }
        release.envelope = try await release.manifest.signedEnvelope(by: vendor.signer)
        let server = try SimulatedServer(offering: release)
        let device = try device(vendor, server, secrets.decryption)
        let state = try await device.run()
        let what = "\(form), \(change)"
        switch (form, change) {
        case (.chunks, 0), (.counter, 0): #expect(state == .error(.payloadDigestMismatch), "\(what)")
        case (.chunks, _): #expect(state == .error(.payloadSizeMismatch), "\(what)")
        case (_, 0): #expect(state == .error(.authenticationFailed), "\(what)")
        case (_, ..<0): #expect(state == .error(.transportInterrupted), "\(what)")
        default: #expect(state == .error(.payloadSizeMismatch), "\(what)")
        }
        if change == 0, form == .chunks || form == .counter {
          expectPrefix(device, upTo: 4096, "\(what)")
        }
        #expect(try device.runningImage() == old, "\(what)")
      }
    }
  }

  @Test("A device with less memory than a payload needs refuses it by name, and takes another form")
  func memory() async throws {
    let (vendor, secrets) = (try Vendor(), try DeviceSecrets())
    let plain = try await vendor.release(new)
    for (form, needed) in [(EncryptedForm.gcm, UInt32(9016)), (.chaCha20, 9016), (.chunks, 2048)] {
      let release = try await vendor.encrypting(plain, as: form, for: [secrets])
      for limit in [needed - 1, needed] {
        let server = try SimulatedServer(offering: release)
        var decryption = try secrets.decryption
        decryption.memoryLimit = limit
        let device = try device(vendor, server, decryption)
        let expected: UpdateState = limit == needed ? .idle : .error(.payloadMemoryExceeded)
        #expect(try await device.run() == expected, "\(form)")
        #expect(server.payloadFetchesBegun.isEmpty == (limit < needed))
      }
    }
    let release = try await vendor.encrypting(plain, as: .counter, for: [secrets])
    var decryption = try secrets.decryption
    decryption.memoryLimit = 0
    let device = try device(vendor, try SimulatedServer(offering: release), decryption)
    #expect(try await device.run() == .idle)
  }

  @Test(
    "Each of several recipients installs, and one who was left out does not",
    arguments: EncryptedForm.allCases)
  func severalRecipients(_ form: EncryptedForm) async throws {
    let vendor = try Vendor()
    let devices = try (0..<3).map { try DeviceSecrets("device \($0)") }
    let release = try await vendor.encrypting(
      try await vendor.release(new, from: old), as: form, for: Array(devices.prefix(2)))
    for (index, secrets) in devices.enumerated() {
      let device = try device(vendor, try SimulatedServer(offering: release), secrets.decryption)
      #expect(try await device.run() == (index < 2 ? .idle : .error(.payloadKeyMissing)))
      #expect(try device.runningImage() == (index < 2 ? new : old))
    }
    // A key of the product line beside the one of the device.
    var both = try devices[2].decryption
    both.releaseKeys.append(devices[0].releaseKey)
    if form == .chunks {
      let device = try device(vendor, try SimulatedServer(offering: release), both)
      #expect(try await device.run() == .idle)
    }
  }

  @Test(
    "A patch for those who have the key, and the image in clear for the others",
    arguments: EncryptedForm.allCases)
  func alternatives(_ form: EncryptedForm) async throws {
    let (vendor, secrets) = (try Vendor(), try DeviceSecrets())
    let image = try await vendor.release(new)
    var release = try await vendor.encrypting(
      try await vendor.release(new, from: old), as: form, for: [secrets])
    release.manifest.alternatives = [image.manifest.payload]
    release.envelope = try await release.manifest.signedEnvelope(by: vendor.signer)
    let reference = String(decoding: image.manifest.payload.uri, as: UTF8.self)
    for decryption in [try secrets.decryption, nil, try DeviceSecrets("other").decryption] {
      let server = try SimulatedServer(offering: release)
      server.change { $0.bodies[reference] = image.payload }
      let device = try device(vendor, server, decryption)
      #expect(try await device.run() == .idle)
      #expect(try device.runningImage() == new)
      let hasKey = decryption?.releaseKeys.first === secrets.releaseKey
      #expect(server.payloadFetches.isEmpty == !hasKey)
    }
  }
}
