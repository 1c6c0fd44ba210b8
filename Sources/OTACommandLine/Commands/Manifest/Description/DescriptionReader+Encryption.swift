import OTACore
import OTACrypto
import OTACryptoSodium
import OTAManifest

extension DescriptionReader {
  /// How a component is encrypted on its way; the payload in the description is what comes out.
  func encryption(
    _ object: inout DescriptionObject, of image: ManifestDescription.Image?
  ) throws(CommandFailure) -> ManifestDescription.Encryption? {
    guard var member = try object.object("encryption") else { return nil }
    guard let image else { throw object.problem("encryption", "is for a component with a payload") }
    let info = try member.text("info")
    let encrypted = try member.text("encrypted")
    let container = try member.text("container")
    try member.finish()
    switch (info, container) {
    case (let info?, nil):
      let document = try InputFile.read(resolve(info), limit: SUITEncryptionInfo.maximumSize)
      let bytes = try encrypted.map { (path) throws(CommandFailure) in
        try InputFile.read(resolve(path), limit: ManifestFile.limits.envelopeSize)
      }
      let size = try transportSize(document, of: image, info)
      guard bytes == nil || bytes?.count == size else {
        throw member.problem("encrypted", "is not as long as the payload and its tag")
      }
      return ManifestDescription.Encryption(info: document, bytes: bytes)
    case (nil, let container?):
      guard encrypted == nil else { throw member.problem("encrypted", "is for info") }
      guard let payload = image.bytes else {
        throw member.problem("container", "needs a payload, which is a file")
      }
      let bytes = try InputFile.read(resolve(container), limit: ManifestFile.limits.envelopeSize)
      return ManifestDescription.Encryption(
        fetchArguments: try fetchArguments(of: payload, in: bytes, container), bytes: bytes)
    case (nil, nil), (_?, _?):
      throw object.problem("encryption", "must have info or container")
    }
  }

  private func transportSize(
    _ document: [UInt8], of image: ManifestDescription.Image, _ path: String
  ) throws(CommandFailure) -> Int {
    guard let size = UInt32(exactly: image.size) else {
      throw DescriptionObject.failure(self.path, "the payload is larger than 4 GiB")
    }
    do throws(ManifestError) {
      return Int(try PayloadEncryption(encryptionInfo: document, payloadSize: size).transportSize)
    } catch {
      throw CommandFailure(
        resolve(path), why: error.description, remedy: "make it with: ota payload encrypt --info",
        code: error.code)
    }
  }

  private func fetchArguments(
    of payload: [UInt8], in container: [UInt8], _ path: String
  ) throws(CommandFailure) -> [UInt8] {
    let outline: EncryptedReleaseOutline
    do throws(CryptoError) {
      outline = try EncryptedReleaseOutline(parsing: container.span)
      let size = EncryptedRelease.encryptedSize(
        of: payload.count, recipients: outline.recipients.count, chunkSize: outline.chunkSize)
      guard size == container.count else { throw .authenticationFailed }
    } catch {
      throw CommandFailure(
        resolve(path), why: "not a container with this payload",
        remedy: "make it with: ota payload encrypt", code: error.code)
    }
    var description = PayloadDescription(of: payload, uri: "", encoding: .identity, hash: SodiumSHA256.self)
    description.encryption = PayloadEncryption(
      chunksOf: UInt32(clamping: outline.chunkSize), transportSize: UInt32(clamping: container.count),
      recipients: outline.recipients)
    do throws(ManifestError) {
      return try description.fetchArguments(limits: ManifestFile.limits)
    } catch {
      throw ManifestFile.failure(resolve(path), error)
    }
  }
}
