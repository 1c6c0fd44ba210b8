import OTACore
import OTACrypto
import OTAPartition

/// What is in an image of MCUboot, for machines and people; names and meanings are stable.
struct ImageReport: Encodable {
  struct Dependency: Encodable {
    var image: UInt8
    var minimumVersion: String
  }

  struct TLV: Encodable {
    var type: UInt16
    var name: String?
    var size: UInt32
    var isProtected: Bool
    /// In hexadecimal: what the vendor says in signed TLVs, and the name of the key that is said to have signed.
    var value: String?
  }

  struct BootRecord: Encodable {
    var softwareType: String
    var version: String
    var signerID: String
    var measurementDescription: String
  }

  struct Encryption: Encodable {
    /// The name of the type of the TLV that brings the key.
    var contentKey: String?
    /// The length of the key, in bits.
    var keyBits: Int
  }

  var format = "mcuboot"
  var version: String
  var imageSize: UInt32
  var headerSize: UInt16
  var firmwareSize: UInt32
  var loadAddress: UInt32
  var flags: UInt32
  var tlvs: [TLV]
  /// How it is encrypted, if the header says that it is.
  var encryption: Encryption?
  /// The hash, if it was checked.
  var digest: String?
  var securityCounter: UInt32?
  var dependencies: [Dependency]?
  var bootRecord: BootRecord?
  var vendorID: String?
  var classID: String?
  /// The identifier of the key whose signature was checked; absent if none was.
  var signer: String?

  /// - Parameters:
  ///   - container: the image.
  ///   - flash: where it is.
  ///   - contents: what its TLVs say, if its hash was checked.
  ///   - signer: who signed, if that was checked.
  /// - Throws: an error of the format.
  init(
    _ container: MCUbootContainer, on flash: inout ImageBytes, contents: MCUbootContents?,
    signer: String? = nil
  ) throws(MCUbootError) {
    let header = container.header
    version = header.version.description
    imageSize = container.size
    headerSize = header.headerSize
    firmwareSize = header.imageSize
    loadAddress = header.loadAddress
    flags = header.flags.rawValue
    tlvs = []
    for area in [MCUbootContainer.Area.protected, .unprotected] {
      var walk = container.tlvs(in: area)
      while let tlv = try walk.next(reading: &flash) {
        let isShown = tlv.type == .keyHash || area == .protected && tlv.isVendor
        let value = isShown && tlv.value.count <= 256 ? flash.bytes[tlv.range] : nil
        tlvs.append(
          TLV(
            type: tlv.rawType, name: tlv.type?.description, size: UInt32(tlv.value.count),
            isProtected: area == .protected, value: value.map { String(hexadecimal: Array($0).span) }))
      }
    }
    if header.flags.isEncrypted {
      let contentKey = tlvs.first { MCUbootTLVType(rawValue: $0.type)?.isEncryption ?? false }
      encryption = Encryption(
        contentKey: contentKey?.name, keyBits: header.flags.contains(.encryptedAES256) ? 256 : 128)
    }
    guard let contents else { return }
    digest = contents.digest.description
    securityCounter = contents.securityCounter
    if contents.dependencyCount > 0 {
      dependencies = (0..<contents.dependencyCount).map { index in
        let dependency = contents.dependency(index)
        return Dependency(
          image: dependency.image, minimumVersion: dependency.minimumVersion.description)
      }
    }
    if let range = contents.bootRecord {
      let bytes = Array(flash.bytes[Int(range.lowerBound)..<Int(range.upperBound)])
      // Signed bytes of another form are the vendor's business.
      bootRecord = (try? MCUbootBootRecord(parsing: bytes.span)).map { record in
        BootRecord(
          softwareType: record.softwareType, version: record.version,
          signerID: String(hexadecimal: record.signerID.span),
          measurementDescription: record.measurementDescription)
      }
    }
    vendorID = contents.vendorID?.description
    classID = contents.classID?.description
    self.signer = signer
  }

  /// The same as lines.
  var lines: [String] {
    var lines = [
      "format:            image of MCUboot",
      "version:           \(version)",
      "image:             \(imageSize) bytes",
      "  header:          \(headerSize) bytes",
      "  firmware:        \(firmwareSize) bytes",
      "load address:      0x\(String(loadAddress, radix: 16))",
      "flags:             0x\(String(flags, radix: 16))",
    ]
    for tlv in tlvs {
      let number = "0x" + String(tlv.type, radix: 16)
      lines.append(
        "TLV \(tlv.name ?? number):".padded(to: 19)
          + "\(tlv.size) bytes\(tlv.isProtected ? ", signed" : "")\(tlv.value.map { ", " + $0 } ?? "")")
    }
    if let encryption {
      lines.append(
        "encrypted:         AES-\(encryption.keyBits), key by \(encryption.contentKey ?? "nothing")")
    }
    if let digest { lines.append("hash:              \(digest)") }
    if let securityCounter { lines.append("security counter:  \(securityCounter)") }
    for dependency in dependencies ?? [] {
      lines.append("needs:             image \(dependency.image), \(dependency.minimumVersion) or higher")
    }
    if let bootRecord {
      lines.append(
        "boot record:       \(visible(bootRecord.softwareType)) \(visible(bootRecord.version)), "
          + visible(bootRecord.measurementDescription))
    }
    if let vendorID { lines.append("vendor:            \(vendorID)") }
    if let classID { lines.append("class:             \(classID)") }
    if let signer { lines.append("signed by:         \(signer)") }
    return lines
  }
}

extension MCUbootTLV {
  /// Where the value is in the file.
  fileprivate var range: Range<Int> { Int(value.lowerBound)..<Int(value.upperBound) }
}

extension String {
  /// The text with spaces behind it; longer text gets one.
  fileprivate func padded(to width: Int) -> String {
    self + String(repeating: " ", count: Swift.max(1, width - count))
  }
}
