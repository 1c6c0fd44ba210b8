import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTAPartition

/// `ota image sign`: an image of MCUboot from firmware.
struct ImageSign: Command {
  static let name = "image sign"
  static let abstract = "make a signed image from firmware"
  static let usage = """
    usage: ota image sign FIRMWARE --key KEY --out IMAGE --version VERSION [--header-size N] [--pad-header]
             [--sha NAME] [--public-key-format F] [--pad-sig] [--security-counter N] [--dependencies LIST]
             [--boot-record TYPE] [--vid UUID] [--cid UUID] [--custom-tlv TLV]... [--encrypt FILE]
             [--encrypt-keylen N] [--hmac-sha NAME] [--clear] [--save-enctlv] [--load-addr N | --rom-fixed N]
             [--non-bootable] [--slot-size N [--pad | --confirm]] [--align N] [--max-align N] [--max-sectors N]
             [--overwrite-only] [--erased-val N] [--json]

    Makes a signed image of MCUboot, as imgtool does from the same options; with a key for Ed25519 and without
    encryption, where nothing is random, the very same bytes. FIRMWARE begins with as many zeros as the header is
    long, which the header replaces; with --pad-header the header is put before it. FIRMWARE may be '-' for
    standard input.

      --key KEY               the private key, Ed25519, P-256, P-384, RSA-2048 or RSA-3072: a PEM file, or
                              pkcs11:token=...;object=...?module-path=...&pin-source=FILE
      --out FILE              where the image goes
      --version VERSION       major.minor.revision+build
      --header-size N         bytes before the firmware, 32 to 65535 (32)
      --pad-header            put the header before FIRMWARE instead of over its zeros
      --sha NAME              auto (the default), 256, 384 or 512: 256 or 512 for Ed25519, 384 for P-384, or 256
      --public-key-format F   how the image names its key: hash (the default) or full
      --pad-sig               pad signatures of ECDSA with zeros, for MCUboot before 1.5
      --security-counter N    the security counter; auto makes it of the version
      --dependencies LIST     other images and their lowest versions, such as (1,1.2.3+0),(2,2.0.0)
      --boot-record TYPE      a record for measured boot, with this type of software, at most 12 bytes
      --vid UUID              the identifier of the vendor
      --cid UUID              the identifier of the class of devices
      --custom-tlv TLV        TYPE=VALUE, signed, may be repeated: TYPE is 0xa0 to 0xfffe, VALUE is text, bytes as
                              0xABCD, or @FILE
      --encrypt FILE          encrypt for devices with this key, the public part: X25519, P-256 or RSA-2048
      --encrypt-keylen N      encrypt with AES-128 (the default) or AES-256
      --hmac-sha NAME         256 (the default) or 512, which needs a key for X25519
      --clear                 prepare for encryption, and do not encrypt: for the primary slot
      --save-enctlv           the boot loader keeps encrypted keys in its trailer
      --load-addr N           the image is copied to this address before it runs
      --rom-fixed N           the image runs at this address
      --non-bootable          the image is not to be booted
      --slot-size N           refuse an image that does not fit beside the trailer of such a slot
      --align N               the unit of writing, 1, 2, 4, 8, 16 or 32 (1)
      --max-align N           BOOT_MAX_ALIGN of the boot loader, 8, 16 or 32 (8, or --align if that is more)
      --max-sectors N         how many sectors the trailer has room for (128)
      --overwrite-only        the boot loader overwrites the primary slot and keeps no progress
      --erased-val N          what erased flash reads: 0xff (the default) or 0
      --pad                   pad to the end of the slot, and write a trailer that requests a trial there
      --confirm               as --pad, but the image counts as confirmed
      --json                  the result as JSON

    Numbers may be hexadecimal, as 0x200.
    """
  static let example = [
    "app.bin", "--key", "release.pem", "--out", "app.signed.bin", "--version", "1.2.3", "--header-size",
    "0x200",
    "--slot-size", "0x40000", "--encrypt", "device.pub.pem",
  ]

  private let path: String
  private let keyPath: String
  private let outputPath: String
  private let image: MCUbootImage
  private let tlvs: ImageTLVs
  private let encryption: ImageEncryption?
  private let padsHeader: Bool
  private let padsSignature: Bool
  /// `nil` for the first one that the key signs.
  private let hash: DigestAlgorithm?
  private let slot: ImageSlot?
  private let isJSON: Bool

  init(arguments: inout ArgumentCursor) throws(UsageError) {
    isJSON = try arguments.flag("--json")
    padsHeader = try arguments.flag("--pad-header")
    padsSignature = try arguments.flag("--pad-sig")
    keyPath = try arguments.requiredOption("--key")
    outputPath = try arguments.requiredOption("--out")
    let erased = try arguments.number("--erased-val", in: 0...0xff) ?? 0xff
    guard erased == 0 || erased == 0xff else {
      throw .invalidValue(name: "--erased-val", value: "\(erased)", expected: "0 or 0xff")
    }
    image = try Self.image(from: &arguments, paddingByte: padsHeader ? UInt8(erased) : 0)
    tlvs = try ImageTLVs(from: &arguments)
    encryption = try ImageEncryption(from: &arguments)
    switch try arguments.option("--sha") {
    case nil, "auto": hash = nil
    case "256": hash = .sha256
    case "384": hash = .sha384
    case "512": hash = .sha512
    case .some(let name):
      throw .invalidValue(name: "--sha", value: name, expected: "auto, 256, 384 or 512")
    }
    slot = try ImageSlot(from: &arguments, erasedByte: UInt8(erased))
    path = try arguments.positional("FIRMWARE")
    try arguments.finish()
  }

  private static func image(
    from arguments: inout ArgumentCursor, paddingByte: UInt8
  ) throws(UsageError) -> MCUbootImage {
    let text = try arguments.requiredOption("--version")
    guard let version = MCUbootVersion(text) else {
      throw .invalidValue(name: "--version", value: text, expected: "such as 1.2.3 or 1.2.3+4")
    }
    let headerSize = try arguments.number("--header-size", in: 32...0xffff) ?? 32
    var image = MCUbootImage(version: version, headerSize: UInt16(headerSize))
    image.paddingByte = paddingByte
    switch try arguments.option("--public-key-format") {
    case nil, "hash": image.keyFormat = .hash
    case "full": image.keyFormat = .full
    case .some(let name):
      throw .invalidValue(name: "--public-key-format", value: name, expected: "hash or full")
    }
    if try arguments.flag("--non-bootable") { image.flags.insert(.nonBootable) }
    let loadAddress = try arguments.number("--load-addr", in: 0...UInt32.max)
    let fixedAddress = try arguments.number("--rom-fixed", in: 0...UInt32.max)
    if let loadAddress {
      image.loadAddress = loadAddress
      image.flags.insert(.loadsIntoRAM)
    }
    if let fixedAddress {
      guard loadAddress == nil else {
        throw .invalidValue(
          name: "--rom-fixed", value: "0x" + String(fixedAddress, radix: 16),
          expected: "not given together with --load-addr")
      }
      image.loadAddress = fixedAddress
      image.flags.insert(.isFixedInROM)
    }
    return image
  }

  private struct Result: Encodable {
    var image: String
    var size: Int
    var version: String
    var keyID: String
  }

  func run(_ context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    let firmware = try readFirmware()
    let key = try await ImageKey.signer(from: keyPath, isPadded: padsSignature)
    let recipient = try encryption?.read()
    var image = image
    try tlvs.apply(to: &image)
    var bytes: [UInt8]
    do throws(MCUbootError) {
      bytes = try await sign(image, firmware, by: key.signer, encryptedBy: recipient)
    } catch {
      // Nothing was verified that could be refused.
      var failure = imageFailure(path, error)
      if failure.status == .refused { failure.status = .failed }
      throw failure
    }
    try slot?.finish(
      &bytes, path: path,
      keySize: recipient.flatMap { encryption?.trailerFieldSize($0.contentKeyType) })
    try OutputFile.write(bytes.span, to: outputPath)
    let result = Result(
      image: outputPath, size: bytes.count, version: image.version.description, keyID: key.identifier)
    if isJSON {
      try context.console.printJSON(result)
    } else {
      try context.console.print("image:    \(result.image)")
      try context.console.print("size:     \(result.size) bytes")
      try context.console.print("version:  \(result.version)")
      try context.console.print("key id:   \(result.keyID)")
    }
    return .done
  }

  /// Signs with the hash that was asked for, or the first one that the key signs.
  private func sign(
    _ image: MCUbootImage, _ firmware: [UInt8], by signer: any MCUbootImageSigner,
    encryptedBy recipient: (any MCUbootImageEncryption)?
  ) async throws(MCUbootError) -> [UInt8] {
    let isClear = encryption?.isClear ?? false
    switch hash ?? (signer.signs(.sha256) ? .sha256 : .sha384) {
    case .sha384:
      return try await image.signed(
        firmware, by: signer, using: OpenSSLSHA384.self, encryptedBy: recipient, isClear: isClear)
    case .sha512:
      return try await image.signed(
        firmware, by: signer, using: OpenSSLSHA512.self, encryptedBy: recipient, isClear: isClear)
    default:
      return try await image.signed(
        firmware, by: signer, using: OpenSSLSHA256.self, encryptedBy: recipient, isClear: isClear)
    }
  }

  /// The firmware without the place that it leaves to the header.
  private func readFirmware() throws(CommandFailure) -> [UInt8] {
    let bytes = try InputFile.read(path, limit: ImageFile.sizeLimit)
    guard !bytes.isEmpty else {
      throw CommandFailure(
        path, why: "the file is empty", remedy: "check that it is the right file", code: .truncated)
    }
    guard !padsHeader else { return bytes }
    let headerSize = Int(image.headerSize)
    guard bytes.count > headerSize, bytes.prefix(headerSize).allSatisfy({ $0 == 0 }) else {
      throw CommandFailure(
        path, why: "does not begin with \(headerSize) zeros for the header",
        remedy: "link it behind the header, or use --pad-header", code: .invalidValue)
    }
    return Array(bytes.dropFirst(headerSize))
  }
}
