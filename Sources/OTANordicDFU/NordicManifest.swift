import FoundationEssentials

/// The `manifest.json` of a package.
///
/// - Note: Source: `nrfutil`, `manifest.py`; the older form: `adafruit-nrfutil`, `manifest.py`.
struct NordicManifest {
  static let fileName = "manifest.json"

  /// What it says of one image.
  struct Entry {
    var kind: NordicPackage.Kind
    var firmware: String
    var packet: String
  }

  var entries: [Entry]
  /// Whether init packets have the older form.
  var isLegacy: Bool

  private struct Document: Codable {
    struct Image: Codable {
      // Only whether it is there: the older form repeats the init packet in it.
      struct Packet: Codable {}

      var firmware: String
      var packet: String
      var legacy: Packet?

      enum CodingKeys: String, CodingKey {
        case firmware = "bin_file"
        case packet = "dat_file"
        case legacy = "init_packet_data"
      }
    }

    struct Manifest: Codable {
      var application: Image?
      var bootloader: Image?
      var softdevice: Image?
      var both: Image?
      var version: Double?

      enum CodingKeys: String, CodingKey {
        case application, bootloader, softdevice
        case both = "softdevice_bootloader"
        case version = "dfu_version"
      }
    }

    var manifest: Manifest
  }

  /// Reads a manifest; entries that are not known are passed over.
  init(parsing text: [UInt8]) throws(NordicPackageError) {
    let document: Document
    do {
      document = try JSONDecoder().decode(Document.self, from: Data(text))
    } catch {
      throw .manifestMalformed
    }
    let manifest = document.manifest
    let images: [(NordicPackage.Kind, Document.Image?)] = [
      (.softDeviceAndBootLoader, manifest.both), (.softDevice, manifest.softdevice),
      (.bootLoader, manifest.bootloader), (.application, manifest.application),
    ]
    entries = images.compactMap { kind, image in
      image.map { Entry(kind: kind, firmware: $0.firmware, packet: $0.packet) }
    }
    guard !entries.isEmpty else { throw .manifestMalformed }
    isLegacy =
      manifest.version != nil || images.contains { $0.1?.legacy != nil }
  }

  /// Describes images.
  init(_ images: [NordicPackage.Image]) {
    entries = images.map { Entry(kind: $0.kind, firmware: $0.firmwareName, packet: $0.packetName) }
    isLegacy = false
  }

  /// The manifest as text.
  func serialized() throws(NordicPackageError) -> [UInt8] {
    var manifest = Document.Manifest()
    for entry in entries {
      let image = Document.Image(firmware: entry.firmware, packet: entry.packet)
      switch entry.kind {
      case .softDeviceAndBootLoader: manifest.both = image
      case .softDevice: manifest.softdevice = image
      case .bootLoader: manifest.bootloader = image
      case .application: manifest.application = image
      }
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    do {
      return [UInt8](try encoder.encode(Document(manifest: manifest)))
    } catch {
      throw .writingFailed
    }
  }
}
