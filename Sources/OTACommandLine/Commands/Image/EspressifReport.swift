import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTAEspressif
import OTAPartition

/// What is in an image of ESP-IDF, for machines and people; names and meanings are stable.
struct EspressifReport: Encodable {
  struct Segment: Encodable {
    var loadAddress: UInt32
    var size: UInt32
  }

  struct Signature: Encodable {
    /// How it was signed; absent if the block cannot be read.
    var scheme: String?
    /// The digest by which chips know the key.
    var keyDigest: String?
    /// Why the block cannot be read.
    var failure: String?
  }

  var format = "esp-idf"
  var segmentCount: UInt8
  var chipID: UInt16
  var chip: String?
  var minimumRevision: UInt16
  /// The highest revision of the chip; absent if there is no such limit.
  var maximumRevision: UInt16?
  var entryPoint: UInt32
  var imageSize: UInt32
  /// How many bytes the file has behind image and signatures.
  var trailingSize: UInt32
  var segments: [Segment]
  var hasDigest: Bool
  /// The SHA-256 over header, segments and checksum.
  var digest: String
  var version: String?
  var projectName: String?
  var secureVersion: UInt32?
  var frameworkVersion: String?
  var compiled: String?
  var elfDigest: String?
  var signatures: [Signature]
  /// The digest of the key whose signature was checked; absent if none was.
  var signer: String?

  /// - Parameters:
  ///   - container: the image.
  ///   - flash: where it is.
  ///   - contents: what is in it; its checksum was checked, and its SHA-256.
  ///   - signer: the digest of the key that signed, if that was checked.
  init(
    _ container: EspressifContainer, on flash: inout ImageBytes, contents: EspressifContents,
    signer: Digest? = nil
  ) {
    let header = container.header
    segmentCount = header.segmentCount
    chipID = header.chip.rawValue
    chip = header.chip.name
    minimumRevision = header.minimumRevision
    let isLimited = header.maximumRevision != 0 && header.maximumRevision != .max
    maximumRevision = isLimited ? header.maximumRevision : nil
    entryPoint = header.entryPoint
    imageSize = container.size
    trailingSize = flash.geometry.capacity - container.totalSize
    segments = (0..<Int(header.segmentCount)).map { index in
      let segment = container.segment(index)
      return Segment(loadAddress: segment.loadAddress, size: UInt32(segment.data.count))
    }
    hasDigest = header.hasDigest
    digest = contents.digest.description
    signatures = []
    for index in 0..<EspressifSignatureBlock.maximumCount {
      do throws(EspressifError) {
        let found = try container.signatureBlock(index, on: &flash, using: OpenSSLSHA256.self)
        guard let block = found else { continue }
        signatures.append(
          Signature(
            scheme: block.key.scheme.description, keyDigest: block.keyDigest.description, failure: nil))
      } catch {
        signatures.append(Signature(scheme: nil, keyDigest: nil, failure: error.description))
      }
    }
    self.signer = signer?.description
    guard let description = contents.description else { return }
    version = description.version.description
    projectName = description.projectName.description
    secureVersion = description.secureVersion
    frameworkVersion = description.frameworkVersion.description
    compiled = "\(description.date) \(description.time)"
    elfDigest = description.elfDigest.description
  }

  /// The same as lines; text of the image may have anything in it.
  var lines: [String] {
    let number = "0x" + String(chipID, radix: 16)
    var lines = ["format:            application of ESP-IDF"]
    if let projectName { lines.append("project:           \(visible(projectName))") }
    if let version { lines.append("version:           \(visible(version))") }
    if let secureVersion { lines.append("security version:  \(secureVersion)") }
    if let frameworkVersion { lines.append("ESP-IDF:           \(visible(frameworkVersion))") }
    if let compiled { lines.append("compiled:          \(visible(compiled))") }
    if let elfDigest { lines.append("ELF file:          \(elfDigest)") }
    lines.append("chip:              \(chip.map { "\($0) (\(number))" } ?? number)")
    let highest = maximumRevision.map { " to \(Self.revision($0))" } ?? " or higher"
    lines.append("revision:          \(Self.revision(minimumRevision))\(highest)")
    lines.append("image:             \(imageSize) bytes")
    lines.append("segments:          \(segmentCount)")
    for segment in segments {
      lines.append("  0x\(String(segment.loadAddress, radix: 16)):".padded(to: 19) + "\(segment.size) bytes")
    }
    lines.append("hash:              \(digest)")
    lines.append("appended SHA-256:  \(hasDigest ? "yes" : "no")")
    for signature in signatures {
      let what = signature.failure ?? "\(signature.scheme ?? ""), key \(signature.keyDigest ?? "")"
      lines.append("signature:         \(what)")
    }
    if let signer { lines.append("signed by:         \(signer)") }
    return lines
  }

  private static func revision(_ number: UInt16) -> String { "v\(number / 100).\(number % 100)" }
}

extension String {
  /// The text with spaces behind it; longer text gets one.
  fileprivate func padded(to width: Int) -> String {
    self + String(repeating: " ", count: Swift.max(1, width - count))
  }
}

extension EspressifContainer {
  /// Shows the image after its checksum was checked, and its SHA-256.
  func inspect(
    in image: ImageBytes, path: String, isJSON: Bool, _ context: CommandContext
  ) throws(CommandFailure) {
    var flash = image
    let contents: EspressifContents
    do throws(EspressifError) {
      contents = try check(on: &flash, using: OpenSSLSHA256.self)
    } catch {
      throw espressifFailure(path, error)
    }
    try EspressifReport(self, on: &flash, contents: contents).print(isJSON: isJSON, context)
    if signatureSector != nil {
      context.console.note("no signature was checked; use ota image verify")
    }
  }

  /// Shows the image after all of it was checked.
  func verify(
    in image: ImageBytes, path: String, keyPath: String, isJSON: Bool, _ context: CommandContext
  ) throws(CommandFailure) {
    var flash = image
    let key = try OpenSSLImageKey.publicKey(reading: keyPath)
    let report: EspressifReport
    do throws(EspressifError) {
      var keys = EspressifKeyDigests()
      try keys.add(try Self.digest(of: key))
      let verified = try verify(on: &flash, keys: keys)
      report = EspressifReport(
        self, on: &flash, contents: verified.contents, signer: verified.keyDigest)
    } catch {
      throw espressifFailure(path, error)
    }
    try report.print(isJSON: isJSON, context)
  }

  private static func digest(of key: OpenSSLPublicKey) throws(EspressifError) -> Digest {
    do throws(CryptoError) {
      return try EspressifPublicKey(key).digest
    } catch {
      throw .crypto(error)
    }
  }
}

extension EspressifReport {
  fileprivate func print(isJSON: Bool, _ context: CommandContext) throws(CommandFailure) {
    if isJSON {
      try context.console.printJSON(self)
    } else {
      for line in lines { try context.console.print(line) }
    }
    if trailingSize > 0 {
      context.console.note("\(trailingSize) bytes behind the image are not part of it")
    }
  }
}

/// What an error of ESP-IDF's images means to who runs the program.
func espressifFailure(_ path: String, _ error: EspressifError) -> CommandFailure {
  let (status, remedy): (ExitStatus, String) =
    switch error {
    case .crypto(.unavailable): (.unavailable, "check that libcrypto is intact")
    case .crypto(.unsupportedAlgorithm), .crypto(.invalidKey):
      (.failed, "use a key of RSA with 3072 bits, P-256 or P-384")
    case .crypto, .checksumMismatch, .digestMismatch, .signatureMissing, .signatureDamaged,
      .signedDigestMismatch, .keyNotTrusted, .unsupportedHash:
      (.refused, "do not install it unless you know who made it")
    case .flash, .noImage, .segmentCount, .invalidHeader, .segmentLength, .outOfSlot:
      (.failed, "check that the file is complete and an application of ESP-IDF")
    case .unsupportedCurve, .tooManyKeys, .wrongChip, .wrongRevision, .descriptionMissing,
      .secureVersionTooLow,
      .tooManySignatures:
      (.failed, "see Docs/ESPImages.md for what is supported")
    }
  return CommandFailure(path, why: error.description, remedy: remedy, code: error.code, status: status)
}
