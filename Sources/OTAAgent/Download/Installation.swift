import OTACore
import OTACrypto
import OTADelta
import OTADeltaContainers
import OTADeltaZlib
import OTAPartition

/// One update on its way into a slot: the verified manifest, and how far its payload has come.
///
/// It outlives interruptions of the network. It does not outlive a loss of power; then the journal knows how much of
/// the image is in the slot, an image as payload goes on there, and a patch is decoded again from its start without
/// writing what is already written (its decoder's memory is gone), as is everything that is encrypted.
struct Installation: ~Copyable {
  let manifest: VerifiedManifest
  let offer: Offer
  private var authenticator: BlockAuthenticator<AgentHash>
  private var decoder: HostPatchDecoder<ZlibInflater, AgentHash>
  private var decryptor: PayloadDecryptor?
  /// How many bytes the decryptor has taken in.
  private var encryptedBytes: UInt32 = 0
  private let outputOffset: UInt32
  /// Whether the image was whole in the slot before: then there is nothing to fetch and nothing to decode.
  let isStaged: Bool

  /// Prepares to take in a payload.
  ///
  /// - Parameters:
  ///   - manifest: what the image is, and how it is made.
  ///   - offer: names the update in the journal.
  ///   - stagedBytes: how much of the image is in the slot already.
  ///   - limits: what the decoder may use.
  ///   - decryption: the keys for encrypted payloads.
  /// - Throws: ``PayloadFailure/refused(_:)`` if the device cannot decode this payload.
  init(
    _ manifest: consuming VerifiedManifest, offer: Offer, stagedBytes: UInt32, limits: Limits,
    decryption: PayloadDecryption?
  ) throws(PayloadFailure) {
    let description = manifest.manifest
    let payload = description.payload
    switch payload.encoding {
    case .identity where payload.encryption == nil:
      authenticator = BlockAuthenticator(payload: payload, containing: stagedBytes)
    // What is encrypted is decrypted from its start again.
    case .identity, .delta: authenticator = BlockAuthenticator(payload: payload, containing: 0)
    }
    outputOffset = authenticator.authenticatedBytes
    isStaged = stagedBytes == description.image.size
    if payload.encryption != nil, !isStaged {
      decryptor = try PayloadDecryptor(payload, with: decryption)
    }
    do throws(DeltaError) {
      decoder = try HostPatchDecoder(
        encoding: payload.encoding, imageSize: description.image.size - outputOffset, limits: limits)
    } catch {
      throw .refused(error.code)
    }
    self.manifest = manifest
    self.offer = offer
  }

  var payload: PayloadDescription { manifest.manifest.payload }

  /// The first byte that is still to be fetched, of the payload or of what it is encrypted to.
  var receivedBytes: UInt32 { payload.encryption == nil ? authenticator.receivedBytes : encryptedBytes }

  /// How many payload bytes were taken in.
  var authenticatedBytes: UInt32 { authenticator.authenticatedBytes }

  /// Whether the whole payload was taken in.
  var isComplete: Bool { authenticator.isComplete }

  /// Takes in bytes as they arrive: decrypts, authenticates, decodes and writes each block that they complete.
  ///
  /// - Throws: a ``PayloadFailure``. Then nothing of the block that failed to authenticate was decoded or written, be it one
  ///   of the payload or, where the manifest has digests of these, of the image.
  mutating func take<Device: Flash & ~Copyable>(
    _ bytes: [UInt8], into target: inout SlotTarget<Device>
  ) throws(PayloadFailure) {
    guard payload.encryption != nil else { return try takePayload(bytes, into: &target) }
    // A decryptor that refused something is of no more use, and goes with the error.
    guard var decryptor = decryptor.take() else { throw .refused(.authenticationFailed) }
    try decryptor.append(bytes) { (plain) throws(PayloadFailure) in
      try takePayload(plain, into: &target)
    }
    encryptedBytes = decryptor.receivedBytes
    self.decryptor = consume decryptor
  }

  private mutating func takePayload<Device: Flash & ~Copyable>(
    _ bytes: [UInt8], into target: inout SlotTarget<Device>
  ) throws(PayloadFailure) {
    try authenticator.append(bytes) { (block) throws(PayloadFailure) in
      do throws(StorageError) {
        try target.begin(manifest, offer: offer, outputOffset: outputOffset)
      } catch {
        throw .storage(error.code)
      }
      do throws(PatchError<StorageError, BlockError<StorageError>>) {
        try decoder.push(block, media: &target)
      } catch {
        switch error {
        case .delta(let error): throw .refused(error.code)
        case .sink(.wrongBlock): throw .refused(.imageDigestMismatch)
        case .source(let error), .sink(.sink(let error)): throw .storage(error.code)
        }
      }
    }
  }

  /// Ends the payload and the image.
  ///
  /// - Throws: a ``PayloadFailure`` if the image is not complete.
  mutating func finish<Device: Flash & ~Copyable>(
    into target: inout SlotTarget<Device>
  ) throws(PayloadFailure) -> StagedImage {
    if let decryptor = decryptor.take() {
      try decryptor.finish { (plain) throws(PayloadFailure) in try takePayload(plain, into: &target) }
      guard authenticator.isComplete else { throw .refused(.payloadSizeMismatch) }
    }
    do throws(StorageError) {
      // Only does something where not a block had to come.
      try target.begin(manifest, offer: offer, outputOffset: outputOffset)
    } catch {
      throw .storage(error.code)
    }
    if !isStaged {
      do throws(DeltaError) {
        try decoder.finish()
      } catch {
        throw .refused(error.code)
      }
    }
    do throws(StorageError) {
      return try target.finish()
    } catch {
      throw .storage(error.code)
    }
  }
}
