public import OTACore
import OTACrypto
import OTACryptoOpenSSL
public import OTAPartition

/// A package for Nordic's DFU: up to four images, each with its init packet, in a zip archive with a `manifest.json`.
///
/// Reading one unpacks it and looks into no init packet; ``verify(_:)`` does. Names of files are kept, and are nowhere used
/// as paths.
public struct NordicPackage: Equatable, Sendable {
  /// What an image is for, by its name in the manifest.
  public enum Kind: String, Sendable, CaseIterable {
    /// A SoftDevice and a boot loader in one.
    case softDeviceAndBootLoader = "softdevice_bootloader"
    /// A SoftDevice.
    case softDevice = "softdevice"
    /// A boot loader.
    case bootLoader = "bootloader"
    /// An application, of this processor or another one.
    case application = "application"
  }

  /// An image and its init packet.
  public struct Image: Equatable, Sendable {
    /// What it is for.
    public var kind: Kind
    /// The name of the firmware's file.
    public var firmwareName: String
    /// The firmware.
    public var firmware: [UInt8]
    /// The name of the init packet's file.
    public var packetName: String
    /// The init packet.
    public var packet: [UInt8]

    /// Makes an image from its parts.
    public init(kind: Kind, firmwareName: String, firmware: [UInt8], packetName: String, packet: [UInt8]) {
      self.kind = kind
      self.firmwareName = firmwareName
      self.firmware = firmware
      self.packetName = packetName
      self.packet = packet
    }
  }

  /// The images, in the order in which they are to be installed: what others need first.
  public var images: [Image]
  /// Whether init packets are those of the SDKs before signatures, see ``NordicLegacyPacket``.
  public var isLegacy: Bool

  /// Makes a package with init packets of the present form.
  public init(images: [Image]) {
    self.images = images
    isLegacy = false
  }

  /// Unpacks a package.
  ///
  /// - Parameters:
  ///   - bytes: the archive.
  ///   - limits: how much is accepted.
  /// - Throws: a ``NordicPackageError``, but not ``NordicPackageError/packet(_:_:)``. Files that the manifest does not name
  ///   are not an error.
  public init(
    reading bytes: [UInt8], limits: Limits = Limits()
  ) throws(NordicPackageError) {
    let files = try ZipArchive.files(in: bytes, limits: limits.package)
    guard let text = files[NordicManifest.fileName] else { throw .manifestMissing }
    guard text.count <= limits.package.manifestSize else { throw .fileTooLarge }
    let manifest = try NordicManifest(parsing: text)
    images = []
    for entry in manifest.entries {
      guard ZipArchive.isUsable(entry.firmware), ZipArchive.isUsable(entry.packet) else {
        throw .unusableName
      }
      guard let firmware = files[entry.firmware], let packet = files[entry.packet] else { throw .fileMissing }
      images.append(
        Image(
          kind: entry.kind, firmwareName: entry.firmware, firmware: firmware, packetName: entry.packet,
          packet: packet))
    }
    isLegacy = manifest.isLegacy
  }

  /// Packs the images, with a manifest as `nrfutil` writes it; the same images give the same bytes.
  ///
  /// - Returns: the archive.
  /// - Throws: ``NordicPackageError/unusableName`` for names that are no plain files or are there twice, and for a kind that
  ///   is there twice; ``NordicPackageError/olderForm``;
  ///   ``NordicPackageError/writingFailed``.
  public func serialized() throws(NordicPackageError) -> [UInt8] {
    guard !isLegacy else { throw .olderForm }
    var files = [(NordicManifest.fileName, try NordicManifest(images).serialized())]
    for image in images {
      files.append((image.firmwareName, image.firmware))
      files.append((image.packetName, image.packet))
    }
    guard Set(files.map(\.0)).count == files.count, files.allSatisfy({ ZipArchive.isUsable($0.0) }),
      Set(images.map(\.kind)).count == images.count
    else { throw .unusableName }
    return try ZipArchive.archive(files)
  }

  /// Checks all images: signatures with the key that is trusted, then length and SHA-256 of the firmware.
  ///
  /// - Parameter verifier: checks signatures with that key.
  /// - Returns: what was signed, in the order of ``images``.
  /// - Throws: ``NordicPackageError/packet(_:_:)``; ``NordicPackageError/manifestMalformed`` if there is no image, and for
  ///   an image under the name of another kind.
  public func verify(
    _ verifier: some NordicSignatureVerifier
  ) throws(NordicPackageError) -> [NordicInitCommand] {
    guard !images.isEmpty else { throw .manifestMalformed }
    var commands: [NordicInitCommand] = []
    for image in images {
      do throws(NordicError) {
        guard !isLegacy else {
          try NordicLegacyPacket(parsing: image.packet.span).verify(image.firmware, by: verifier)
          continue
        }
        let packet = try NordicInitPacket(parsing: image.packet.span)
        let verified = try packet.verify(verifier)
        try image.requireFirmware(of: verified.command)
        commands.append(verified.command)
      } catch {
        throw .packet(image.kind, error)
      }
      if let command = commands.last, !image.kind.accepts(command.type) { throw .manifestMalformed }
    }
    return commands
  }
}

extension NordicPackage.Image {
  /// Holds the firmware against what a command says of it.
  ///
  /// - Parameter command: what the init packet says.
  /// - Throws: what `NordicInitCommand.requireFirmware(size:digest:)` throws.
  public func requireFirmware(of command: NordicInitCommand) throws(NordicError) {
    guard let size = UInt32(exactly: firmware.count) else { throw .sizeMismatch }
    try command.requireFirmware(size: size, digest: OpenSSLSHA256.digest(of: firmware.span))
  }
}

extension NordicPackage.Kind: CustomStringConvertible {
  /// The name for people.
  public var description: String {
    switch self {
    case .softDeviceAndBootLoader: "SoftDevice and boot loader"
    case .softDevice: "SoftDevice"
    case .bootLoader: "boot loader"
    case .application: "application"
    }
  }

  /// Whether firmware of a type can be of this kind.
  func accepts(_ type: NordicInitCommand.FirmwareType) -> Bool {
    switch type {
    case .application, .externalApplication: self == .application
    case .softDevice: self == .softDevice
    case .bootLoader: self == .bootLoader
    case .softDeviceAndBootLoader: self == .softDeviceAndBootLoader
    }
  }
}
