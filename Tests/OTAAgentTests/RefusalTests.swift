import OTAAgent
import OTACore
import OTACrypto
import OTACryptoSodium
import OTAFlashSimulator
import OTAManifest
import OTAPartition
import OTAStateMachine
import Testing

/// What a device must refuse, whoever offers it: with the error of its own, and without touching the flash.
@Suite struct RefusalTests {
  let old = Images.old(size: 9000)
  let new = Images.new(size: 9000)

  /// Offers something to a fresh device, and expects a refusal that writes nothing and is reported.
  private func expectRefusal(
    _ code: ErrorCode, _ what: String, trusting vendor: Vendor, offering release: Release,
    changing change: (inout SimulatedServer.State) -> Void = { _ in }
  ) async throws {
    let server = try SimulatedServer(offering: release)
    server.change(change)
    let device = try TestDevice(.uniform(), running: old, trusting: vendor.trustStore, over: server)
    let before = device.modifications
    #expect(try await device.run() == .error(code), "\(what)")
    #expect(device.modifications == before, "\(what) touched the flash")
    #expect(try device.runningImage() == old, "\(what)")
    #expect(server.reports.map(\.outcome) == [.failed(code)], "\(what) was not reported")
  }

  @Test("A manifest by a stranger, also under the trusted key's name")
  func stranger() async throws {
    let vendor = try Vendor()
    let stranger = try Vendor()
    try await expectRefusal(
      .unknownKey, "a stranger's manifest", trusting: vendor, offering: try await stranger.release(new))
    var forged = try await vendor.release(new)
    let foreign = try await stranger.release(new)
    // The last 64 bytes of the signature block are the signature; the stranger's does not fit.
    let signature = try #require(forged.envelope.firstRange(ofSignatureBy: vendor))
    let other = try #require(foreign.envelope.firstRange(ofSignatureBy: stranger))
    forged.envelope.replaceSubrange(signature, with: foreign.envelope[other])
    try await expectRefusal(
      .authenticationFailed, "a forged signature", trusting: vendor, offering: forged)
  }

  @Test("A manifest that too few keys have signed, until enough of them have")
  func threshold() async throws {
    let vendor = try Vendor()
    let second = try Vendor()
    let release = try await vendor.release(new)
    let server = try SimulatedServer(offering: release)
    var trustStore = vendor.trustStore
    try trustStore.add(second.signer.publicKey, for: .manifest)
    let device = try TestDevice(.uniform(), running: old, trusting: trustStore, over: server)
    device.configuration.signaturePolicy = SignaturePolicy(threshold: 2)
    let before = device.modifications
    #expect(try await device.run() == .error(.manifestThresholdNotMet))
    #expect(device.modifications == before)
    #expect(server.reports.map(\.outcome) == [.failed(.manifestThresholdNotMet)])
    var cosigned = release
    cosigned.envelope = try await release.manifest.signedEnvelope(byAllOf: [vendor.signer, second.signer])
    server.change { $0.release = cosigned }
    #expect(try await device.run() == .idle)
    #expect(try device.runningImage() == new)
  }

  @Test("A manifest with any bit changed")
  func flippedBits() async throws {
    let vendor = try Vendor()
    let release = try await vendor.release(new, from: old)
    for index in stride(from: 0, to: release.envelope.count, by: 5) {
      var changed = release
      changed.envelope[index] ^= 1 << UInt8(index % 8)
      let server = try SimulatedServer(offering: changed)
      let device = try TestDevice(.uniform(), running: old, trusting: vendor.trustStore, over: server)
      let before = device.modifications
      guard case .error = try await device.run() else {
        Issue.record("byte \(index) changed, and accepted")
        return
      }
      #expect(device.modifications == before)
    }
  }

  @Test("Manifests for other devices, each with its own error")
  func wrongDevice() async throws {
    let vendor = try Vendor()
    let other = UniversalIdentifier(high: 9, low: 9)
    let cases: [(ErrorCode, String, (inout Manifest) -> Void)] = [
      (.vendorMismatch, "another vendor", { $0.compatibility.vendorID = other }),
      (.classMismatch, "another class", { $0.compatibility.classID = other }),
      (.deviceMismatch, "another device", { $0.compatibility.deviceID = other }),
      (.hardwareRevisionMismatch, "another board", { $0.compatibility.hardwareRevisions = 2...9 }),
      (.unknownComponent, "another component", { $0.component = ComponentIdentifier("modem") }),
      (.requiredVersionMissing, "a version that is not there", { $0.requiredVersion = Version(9, 0) }),
      (
        .dependencyMissing, "a component that is not there",
        {
          $0.dependencies = [
            Dependency(component: ComponentIdentifier("radio"), minimumSequenceNumber: SequenceNumber(1))
          ]
        }
      ),
    ]
    for (code, what, change) in cases {
      let release = try await vendor.release(new, from: old, changing: change)
      try await expectRefusal(code, what, trusting: vendor, offering: release)
    }
  }

  @Test("An older manifest, and the one that is installed, under a number that the server invents")
  func replay() async throws {
    let vendor = try Vendor()
    let first = try await vendor.release(new, from: old, sequenceNumber: 5)
    let server = try SimulatedServer(offering: first)
    let device = try TestDevice(.uniform(), running: old, trusting: vendor.trustStore, over: server)
    #expect(try await device.run() == .idle)
    let before = device.modifications
    for number in [5, 4] as [UInt64] {
      let replayed = try await vendor.release(old, from: new, sequenceNumber: number)
      // The simulated server compares with the manifest's number: it has to lie to offer this.
      let lie = #"{"pollSeconds":1,"update":{"id":"\#(replayed.updateID)","#
      server.change { state in
        state.release = replayed
        state.bodies["/api/v1/updates/check"] = [UInt8](
          (lie
            + #""manifest":"/artifacts/\#(replayed.updateID)","manifestSize":\#(replayed.envelope.count)}}"#)
            .utf8)
      }
      #expect(try await device.run() == .error(.sequenceNumberReplayed))
      #expect(device.modifications == before)
      #expect(try device.runningImage() == new)
    }
  }

  @Test("A patch on another image than the one that runs")
  func otherSource() async throws {
    let vendor = try Vendor()
    var other = old
    other[0] ^= 1
    let release = try await vendor.release(new, from: other)
    try await expectRefusal(.deltaSourceMismatch, "a foreign patch", trusting: vendor, offering: release)
  }

  @Test("A payload with any byte changed: nothing of its block is used", arguments: [true, false])
  func tamperedPayload(asPatch: Bool) async throws {
    let vendor = try Vendor()
    let release = try await vendor.release(new, from: asPatch ? old : nil)
    let size = release.payload.count
    for index in Set([0, 1, 1023, 1024, size / 2, size - 1].map { min($0, size - 1) }).sorted() {
      var changed = release
      changed.payload[index] ^= 0x80
      let server = try SimulatedServer(offering: changed)
      let device = try TestDevice(.uniform(), running: old, trusting: vendor.trustStore, over: server)
      let before = device.modifications
      #expect(try await device.run() == .error(.payloadDigestMismatch), "byte \(index)")
      #expect(try device.runningImage() == old)
      #expect(server.reports.map(\.outcome) == [.failed(.payloadDigestMismatch)])
      if index < 1024 { #expect(device.modifications == before, "byte \(index)") }
      // The next attempt with the genuine payload works.
      server.change { $0.release = release }
      #expect(try await device.run() == .idle, "byte \(index)")
      #expect(try device.runningImage() == new)
    }
  }

  @Test(
    "A patch that makes another image than the one of the manifest: nothing of its first wrong block is written"
  )
  func wrongImageBlock() async throws {
    let vendor = try Vendor()
    for blockSize in [512, 1000] as [UInt32] {
      let blocks = BlockDigests(of: new, hash: SodiumSHA256.self, blockSize: blockSize)
      let genuine = try await vendor.release(new, from: old) { $0.imageBlocks = blocks }
      for wrong in [0, 3, blocks.digests.count - 1] {
        let release = try await vendor.release(new, from: old) {
          $0.imageBlocks = blocks
          $0.imageBlocks?.digests[wrong] = Vendor.description(of: old).digest
        }
        let server = try SimulatedServer(offering: release)
        let device = try TestDevice(.uniform(), running: old, trusting: vendor.trustStore, over: server)
        #expect(try await device.run() == .error(.imageDigestMismatch), "block \(wrong)")
        #expect(try device.runningImage() == old)
        #expect(server.reports.map(\.outcome) == [.failed(.imageDigestMismatch)])
        // What was found right is there; behind it is not one byte, but those that fill a unit of writing.
        let end = wrong * Int(blockSize)
        let contents = device.flash.snapshot.contents(of: device.layout[.b])
        #expect(contents[..<(end / 4 * 4)] == new[..<(end / 4 * 4)], "block \(wrong)")
        #expect(contents[(end / 4 * 4)...].allSatisfy { $0 == 0xff }, "block \(wrong)")
        server.change { $0.release = genuine }
        #expect(try await device.run() == .idle, "block \(wrong)")
        #expect(try device.runningImage() == new)
      }
    }
  }

  @Test("A payload that goes on behind its end")
  func endlessPayload() async throws {
    let vendor = try Vendor()
    var release = try await vendor.release(new)
    release.payload += [0, 1, 2, 3]
    let server = try SimulatedServer(offering: release)
    let device = try TestDevice(.uniform(), running: old, trusting: vendor.trustStore, over: server)
    #expect(try await device.run() == .error(.payloadSizeMismatch))
    #expect(try device.runningImage() == old)
  }

  @Test("An image that is longer than the slot")
  func tooLarge() async throws {
    let vendor = try Vendor()
    let release = try await vendor.release(Images.new(size: 20_000))
    let server = try SimulatedServer(offering: release)
    let device = try TestDevice(.uniform(), running: old, trusting: vendor.trustStore, over: server)
    let before = device.modifications
    #expect(try await device.run() == .error(.imageTooLarge))
    #expect(device.modifications == before)
    #expect(server.reports.map(\.outcome) == [.failed(.imageTooLarge)])
  }

  @Test("A manifest under the name of another one")
  func wrongName() async throws {
    let vendor = try Vendor()
    let release = try await vendor.release(new)
    let other = try await vendor.release(new, sequenceNumber: 3)
    try await expectRefusal(
      .manifestDigestMismatch, "a manifest under a wrong name", trusting: vendor, offering: release
    ) { $0.bodies["/artifacts/\(release.updateID)"] = other.envelope }
  }

  @Test(
    "Answers of the server that cannot be read change nothing",
    arguments: [
      "", "{", "null", "[]", #"{"update":{}}"#, #"{"pollSeconds":-1}"#,
      #"{"pollSeconds":1,"update":{"id":"zz","manifest":"/x","manifestSize":10}}"#,
      #"{"pollSeconds":1,"update":{"id":"00","manifest":"/x","manifestSize":10}}"#,
    ])
  func malformedAnswer(body: String) async throws {
    let vendor = try Vendor()
    let server = try SimulatedServer(offering: try await vendor.release(new))
    server.change { $0.bodies["/api/v1/updates/check"] = [UInt8](body.utf8) }
    let device = try TestDevice(.uniform(), running: old, trusting: vendor.trustStore, over: server)
    let before = device.modifications
    #expect(try await device.run() == .error(.transportMalformed))
    #expect(device.modifications == before)
  }

  @Test("A manifest without end, and one that claims to be huge")
  func endlessManifest() async throws {
    let vendor = try Vendor()
    let release = try await vendor.release(new)
    let server = try SimulatedServer(offering: release)
    server.change { $0.bodies["/artifacts/\(release.updateID)"] = [UInt8](repeating: 0, count: 1 << 20) }
    let device = try TestDevice(.uniform(), running: old, trusting: vendor.trustStore, over: server)
    let before = device.modifications
    #expect(try await device.run() == .error(.transportResponseTooLarge))
    let name = "\(release.updateID)"
    for size in ["-1", "70000", "9223372036854775807"] {
      server.change { state in
        state.bodies["/api/v1/updates/check"] = [UInt8](
          #"{"pollSeconds":1,"update":{"id":"\#(name)","manifest":"/artifacts/\#(name)","manifestSize":\#(size)}}"#
            .utf8)
      }
      #expect(try await device.run() == .error(.transportResponseTooLarge), "\(size)")
    }
    #expect(device.modifications == before)
  }
}

extension [UInt8] {
  /// Where the signature over a release stands: the 64 bytes behind their CBOR head, 0x58 0x40.
  fileprivate func firstRange(ofSignatureBy vendor: Vendor) -> Range<Int>? {
    for index in 0..<(count - 66) where self[index] == 0x58 && self[index + 1] == 0x40 {
      return index + 2..<index + 66
    }
    return nil
  }
}
