import OTACore
import OTACrypto
import OTACryptoSodium
import OTAManifest
import Testing

/// What an author with a trusted key may say, and what is refused although he signed it.
@Suite struct SUITProcessingTests {
  /// A change of a plain update, and the error that it leads to.
  struct Change: Sendable, CustomTestStringConvertible {
    var name: String
    var error: ManifestError
    var edit: @Sendable (inout EnvelopeBuilder) -> Void

    var testDescription: String { name }

    init(_ name: String, _ error: ManifestError, _ edit: @escaping @Sendable (inout EnvelopeBuilder) -> Void)
    {
      self.name = name
      self.error = error
      self.edit = edit
    }
  }

  static func sequence(_ items: CBOR...) -> CBOR { .wrapped(.array(items)) }

  @Test("A plain update without anything of ours is accepted")
  func plain() throws {
    let fixture = try Fixture()
    let manifest = try fixture.verdict(on: fixture.builder)
    #expect(manifest.image == fixture.manifest.image)
    #expect(manifest.payload.encoding == .identity)
    #expect(manifest.payload.blocks.digests == [manifest.image.digest])
    #expect(manifest.newVersion == Version(0, 0, 0))
    #expect(manifest.metadata == ManifestMetadata())
  }

  @Test("Set-component-index is accepted for the one component, by number or as all")
  func componentIndex() throws {
    let fixture = try Fixture()
    var builder = fixture.builder
    builder.sharedCommands = [.int(12), .int(0)] + builder.sharedCommands
    builder.installCommands = [.int(12), .bool(true)] + builder.installCommands
    #expect(try fixture.verdict(on: builder).image == fixture.manifest.image)
  }

  @Test("The fetch may stand in the payload-fetch sequence, inline or severed")
  func payloadFetch() throws {
    let fixture = try Fixture()
    let fetch = Self.sequence(.int(20), .map([(.int(21), .text("image.bin"))]), .int(21), .int(15))
    var builder = fixture.builder
    builder.install = Self.sequence(.int(3), .int(15))
    builder.payloadFetch = fetch
    #expect(try fixture.verdict(on: builder).payload.uri == Array("image.bin".utf8))
    builder.payloadFetch = EnvelopeBuilder.severed(fetch)
    builder.envelopeMembers = [(.int(16), fetch)]
    #expect(try fixture.verdict(on: builder).payload.uri == Array("image.bin".utf8))
  }

  @Test("A severed install sequence is taken from the envelope, if it has its digest")
  func severedInstall() throws {
    let fixture = try Fixture()
    let install = Self.sequence(
      .int(20), .map([(.int(21), .text("image.bin"))]), .int(21), .int(15), .int(3), .int(15))
    var builder = fixture.builder
    builder.install = EnvelopeBuilder.severed(install)
    builder.envelopeMembers = [(.int(20), install)]
    #expect(try fixture.verdict(on: builder).payload.uri == Array("image.bin".utf8))
    builder.envelopeMembers = []
    #expect(throws: ManifestError.missingMember(20)) { try fixture.verdict(on: builder) }
    let other = Self.sequence(
      .int(20), .map([(.int(21), .text("imagf.bin"))]), .int(21), .int(15), .int(3), .int(15))
    builder.envelopeMembers = [(.int(20), other)]
    #expect(throws: ManifestError.digestMismatch) { try fixture.verdict(on: builder) }
  }

  @Test("A sequence in the manifest and another in the envelope is refused")
  func sequenceTwice() throws {
    let fixture = try Fixture()
    var builder = fixture.builder
    builder.envelopeMembers = [(.int(20), Self.sequence(.int(21), .int(15)))]
    #expect {
      try fixture.verdict(on: builder)
    } throws: { error in
      (error as? ManifestError)?.code == .invalidValue
    }
  }

  @Test("Texts of the first language are read, others are checked and dropped")
  func text() throws {
    let fixture = try Fixture()
    var builder = fixture.builder
    let component = CBOR.array([.bytes(Array("app".utf8))])
    builder.text = .wrapped(
      .map([
        (
          .text("de"),
          .map([
            (.int(1), .text("Handbuch")), (.int(2), .text("Neu")),
            (component, .map([(.int(1), .text("Acme"))])),
          ])
        ),
        (.text("en"), .map([(.int(2), .text("New"))])),
      ]))
    let metadata = try fixture.verdict(on: builder).metadata
    #expect(
      metadata
        == ManifestMetadata(vendorName: Array("Acme".utf8), updateDescription: Array("Neu".utf8)))
  }

  static let changes: [Change] = [
    // The structure.
    Change("version 2", .unsupportedVersion(2)) { $0.version = .int(2) },
    Change("an unknown member", .unsupportedMember(24)) { $0.extraMembers = [(24, .int(0))] },
    Change("an unknown member of common", .unsupportedMember(5)) { $0.extraCommon = [(5, .int(0))] },
    Change("an unknown member of the envelope", .unsupportedMember(15)) {
      $0.envelopeMembers = [(.int(15), .bytes([1]))]
    },
    Change("a severed member that the manifest does not know", .unsupportedMember(23)) {
      $0.envelopeMembers = [(.int(23), .bytes([1]))]
    },
    Change("two components", .unknownComponent) {
      $0.components = .array([.array([.bytes([1])]), .array([.bytes([2])])])
    },
    Change("a component with a path for a name", .unknownComponent) {
      $0.components = .array([.array([.bytes([1]), .bytes([2])])])
    },
    Change("a component without a name", .unknownComponent) { $0.components = .array([.array([])]) },
    Change("a load sequence", .unsupportedMember(8)) { $0.load = sequence(.int(22), .int(15)) },
    // Commands that can not be processed here.
    Change("alternatives", .unsupportedCommand(15)) {
      let one = sequence(.int(3), .int(15))
      $0.installCommands += [.int(15), .array([one, one, .null])]
    },
    Change("a sequence in a sequence", .unsupportedCommand(32)) {
      $0.installCommands += [.int(32), sequence(.int(3), .int(15))]
    },
    Change("write", .unsupportedCommand(18)) { $0.installCommands += [.int(18), .int(15)] },
    Change("copy", .unsupportedCommand(22)) { $0.installCommands += [.int(22), .int(15)] },
    Change("swap", .unsupportedCommand(31)) { $0.installCommands += [.int(31), .int(15)] },
    Change("abort", .unsupportedCommand(14)) { $0.sharedCommands += [.int(14), .int(15)] },
    Change("component slot", .unsupportedCommand(5)) { $0.sharedCommands += [.int(5), .int(15)] },
    Change("check content", .unsupportedCommand(6)) { $0.installCommands += [.int(6), .int(15)] },
    Change("an unknown registered command", .unsupportedCommand(28)) {
      $0.installCommands += [.int(28), .int(15)]
    },
    Change("an unknown private command", .unsupportedCommand(-999)) {
      $0.installCommands = [.int(-999), .null] + $0.installCommands
    },
    Change("a number between registered and private", .unsupportedCommand(-256)) {
      $0.installCommands = [.int(-256), .null] + $0.installCommands
    },
    // Commands where they have no meaning.
    Change("fetch in the shared sequence", .unsupportedCommand(21)) {
      $0.sharedCommands += [.int(21), .int(15)]
    },
    Change("fetch when validating", .unsupportedCommand(21)) {
      $0.validate = sequence(.int(21), .int(15))
    },
    Change("two fetches", .unsupportedCommand(21)) { $0.installCommands += [.int(21), .int(15)] },
    Change("invoke when installing", .unsupportedCommand(23)) { $0.installCommands += [.int(23), .int(15)] },
    Change("two invokes", .unsupportedCommand(23)) {
      $0.invoke = sequence(.int(23), .int(15), .int(23), .int(15))
    },
    Change("image match before the fetch", .unsupportedCommand(3)) {
      $0.installCommands = [.int(3), .int(15)] + $0.installCommands
    },
    Change("parameters when validating", .unsupportedCommand(20)) {
      $0.validate = sequence(.int(20), .map([(.int(21), .text("x"))]), .int(3), .int(15))
    },
    Change("a private command in the shared sequence", .unsupportedCommand(-257)) {
      $0.sharedCommands += [.int(-257), .null]
    },
    Change("component 1 of 1", .unsupportedCommand(12)) { $0.installCommands += [.int(12), .int(1)] },
    Change("a list of components", .unsupportedCommand(12)) {
      $0.installCommands += [.int(12), .array([.int(0)])]
    },
    // Commands and parameters that are missing.
    Change("no vendor condition", .missingCommand(1)) { $0.sharedCommands = [.int(2), .int(15)] },
    Change("no class condition", .missingCommand(2)) { $0.sharedCommands = [.int(1), .int(15)] },
    Change("no vendor", .missingParameter(1)) { $0.sharedParameters.remove(at: 0) },
    Change("no class", .missingParameter(2)) { $0.sharedParameters.remove(at: 1) },
    Change("no image digest", .missingParameter(3)) { $0.sharedParameters.remove(at: 2) },
    Change("no image size", .missingParameter(14)) { $0.sharedParameters.remove(at: 3) },
    Change("no place to fetch from", .missingParameter(21)) { $0.install = sequence(.int(21), .int(15)) },
    Change("no fetch", .missingCommand(21)) { $0.installCommands = [.int(12), .int(0)] },
    Change("no validation", .missingCommand(3)) { $0.validate = nil },
    Change("a validation that validates nothing", .missingCommand(3)) {
      $0.validate = sequence(.int(1), .int(15))
    },
    Change("a device that is never asked for", .missingCommand(24)) {
      $0.sharedParameters += [(24, .bytes([UInt8](repeating: 0, count: 16)))]
    },
    Change("revisions that are never asked for", .missingCommand(-257)) {
      $0.installParameters += [(-257, .wrapped(.array([.int(0), .int(9)])))]
    },
    Change("a version that is never asked for", .missingCommand(-259)) {
      $0.installParameters += [(-259, .wrapped(.array([.int(0), .int(0), .int(0)])))]
    },
    Change("a device condition without a device", .missingParameter(24)) {
      $0.sharedCommands += [.int(24), .int(15)]
    },
    Change("a private condition without its parameter", .missingParameter(-260)) {
      $0.installCommands = [.int(-260), .int(15)] + $0.installCommands
    },
    // Parameters.
    Change("an unknown registered parameter", .unsupportedParameter(28)) {
      $0.installParameters += [(28, .int(0))]
    },
    Change("an unknown private parameter", .unsupportedParameter(-300)) {
      $0.installParameters += [(-300, .int(0))]
    },
    Change("a private parameter in the shared sequence", .unsupportedParameter(-258)) {
      $0.sharedParameters += [(-258, .wrapped(.array([.int(1), .int(0), .int(0)])))]
    },
    Change("a slot", .unsupportedParameter(5)) { $0.sharedParameters.insert((5, .int(1)), at: 3) },
    Change("soft failure", .unsupportedParameter(13)) {
      $0.installParameters = [(13, .bool(true)), (21, .text("x"))]
    },
    Change("loose order", .unsupportedParameter(12)) {
      $0.installParameters = [(12, .bool(false)), (21, .text("x"))]
    },
    Change("arguments for the image", .unsupportedParameter(23)) {
      $0.installParameters += [(23, .bytes([1]))]
    },
    Change("a second vendor behind the first", .unsupportedParameter(1)) {
      $0.installParameters = [(1, .bytes([UInt8](repeating: 0, count: 16))), (21, .text("x"))]
    },
    // Values.
    Change("a digest by an unknown hash", .invalid(.digestAlgorithm)) {
      $0.sharedParameters[2].1 = .wrapped(.array([.int(-18), .bytes([UInt8](repeating: 0, count: 32))]))
    },
    Change("an image of no bytes", .invalid(.imageSize)) { $0.sharedParameters[3].1 = .int(0) },
    Change("an image of 4 GiB", .invalid(.imageSize)) { $0.sharedParameters[3].1 = .int(1 << 32) },
    Change("an empty place", .invalid(.uri)) { $0.installParameters = [(21, .text(""))] },
  ]

  @Test("What can not be processed is refused with its number, never skipped", arguments: changes)
  func refused(_ change: Change) throws {
    let fixture = try Fixture()
    var builder = fixture.builder
    change.edit(&builder)
    #expect(throws: change.error) { try fixture.verdict(on: builder) }
  }

  /// Fetch arguments of a payload of 10 bytes in blocks of 4, with changes.
  private static func arguments(_ edit: (inout [(Int64, CBOR)]) -> Void) -> [(Int64, CBOR)] {
    let digest = EnvelopeBuilder.digest(Fixture.digest(of: [3]))
    let delta = CBOR.map([(.int(1), .int(1)), (.int(2), digest), (.int(3), .int(7)), (.int(4), .int(9))])
    var pairs: [(Int64, CBOR)] = [
      (1, digest), (2, .int(10)), (3, .int(4)), (4, .bytes([UInt8](repeating: 7, count: 96))), (5, delta),
    ]
    edit(&pairs)
    let map = CBOR.map(pairs.map { (.int($0.0), $0.1) })
    return [(21, .text("patch")), (25, .wrapped(map))]
  }

  static let argumentChanges: [Change] = [
    Change("one digest too few", .invalid(.blocks)) {
      $0.installParameters = arguments { $0[1].1 = .int(13) }
    },
    Change("one digest too many", .invalid(.blocks)) {
      $0.installParameters = arguments { $0[1].1 = .int(8) }
    },
    Change("half a digest more", .invalid(.blocks)) {
      $0.installParameters = arguments { $0[3].1 = .bytes([UInt8](repeating: 7, count: 112)) }
    },
    Change("a payload of no bytes", .invalid(.blocks)) {
      $0.installParameters = arguments {
        $0[1].1 = .int(0)
        $0[3].1 = .bytes([])
      }
    },
    Change("blocks of no bytes", .invalid(.blocks)) {
      $0.installParameters = arguments { $0[2].1 = .int(0) }
    },
    Change("blocks of one byte and a huge payload", .invalid(.blocks)) {
      $0.installParameters = arguments {
        $0[1].1 = .int(0xffff_ffff)
        $0[2].1 = .int(1)
      }
    },
    Change("an unknown format of patches", .unsupportedDeltaFormat(77)) {
      $0.installParameters = arguments { $0[4].1 = .map([(.int(1), .int(77))]) }
    },
    Change("a patch without its source", .missingParameter(25)) {
      $0.installParameters = arguments { $0[4].1 = .map([(.int(1), .int(1))]) }
    },
    Change("no size", .missingParameter(25)) { $0.installParameters = arguments { $0.remove(at: 1) } },
    Change("an unknown argument", .unsupportedParameter(25)) {
      $0.installParameters = arguments { $0.append((9, .int(0))) }
    },
    Change("a size of the blocks of the image without their digests", .missingParameter(25)) {
      $0.installParameters = arguments { $0.append((6, .int(80_000))) }
    },
    Change("digests of the blocks of the image without their size", .missingParameter(25)) {
      $0.installParameters = arguments { $0.append((7, .bytes([UInt8](repeating: 7, count: 32)))) }
    },
    Change("blocks of the image of no bytes", .invalid(.blocks)) {
      $0.installParameters = arguments { $0 += [(6, .int(0)), (7, .bytes([]))] }
    },
    Change("one block of the image too few", .invalid(.blocks)) {
      $0.installParameters = arguments {
        $0 += [(6, .int(79_999)), (7, .bytes([UInt8](repeating: 7, count: 32)))]
      }
    },
    Change("half a digest of a block of the image", .invalid(.blocks)) {
      $0.installParameters = arguments {
        $0 += [(6, .int(80_000)), (7, .bytes([UInt8](repeating: 7, count: 16)))]
      }
    },
    Change("an image that is another payload", .invalid(.encoding)) {
      $0.installParameters = arguments { $0.remove(at: 4) }
    },
  ]

  @Test("Fetch arguments that contradict themselves are refused", arguments: argumentChanges)
  func fetchArguments(_ change: Change) throws {
    let fixture = try Fixture()
    var builder = fixture.builder
    builder.installParameters = Self.arguments { _ in }
    #expect(throws: ManifestError.deltaSourceMismatch) { try fixture.verdict(on: builder) }
    change.edit(&builder)
    #expect(throws: change.error) { try fixture.verdict(on: builder) }
  }

  @Test("Rules that are asked for are read as they were written")
  func rules() throws {
    let fixture = try Fixture()
    var builder = fixture.builder
    let dependency = CBOR.array([.bytes(Array("radio".utf8)), .int(7)])
    builder.installParameters += [
      (-257, .wrapped(.array([.int(3), .int(3)]))), (-258, .wrapped(.array([.int(2), .int(0), .int(1)]))),
      (-259, .wrapped(.array([.int(1), .int(4), .int(2)]))), (-260, .wrapped(.array([dependency]))),
    ]
    builder.installCommands =
      [.int(-257), .int(15), .int(-259), .int(15), .int(-260), .int(15)] + builder.installCommands
    let manifest = try fixture.verdict(on: builder)
    #expect(manifest.compatibility.hardwareRevisions == 3...3)
    #expect(manifest.newVersion == Version(2, 0, 1))
    #expect(manifest.requiredVersion == Version(1, 4, 2))
    #expect(manifest.dependencies == fixture.manifest.dependencies)
  }
}
