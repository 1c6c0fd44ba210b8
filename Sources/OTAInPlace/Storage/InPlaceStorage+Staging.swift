public import OTACore
import OTACrypto
import OTADelta
import OTAPartition

extension InPlaceStorage where Device: ~Copyable, Hash: ~Copyable {
  /// Erases the store for the payload of an update: a patch to the new image, and directly behind it one back to the old.
  ///
  /// Nothing is committed: as long as the image in the slot is confirmed, nothing in the store counts.
  ///
  /// - Parameter manifest: says what image the update makes, from which it starts, and what the payload is.
  /// - Returns: a writer at the start of the store.
  /// - Throws: ``InPlaceError/storage(_:)`` with `StorageError.slotInUse` while an update is being applied or on trial,
  ///   `StorageError.sequenceNumberReplayed` if the manifest is below the security counter,
  ///   `StorageError.imageCountMismatch` if it has several images, `StorageError.imageTooLarge`,
  ///   `StorageError.unsupportedAlgorithm` if a digest is not of this hash function;
  ///   ``InPlaceError/sourceMismatch`` if the payload is no patch from the image in the slot;
  ///   ``InPlaceError/storeTooSmall``; ``InPlaceError/storage(_:)`` with `StorageError.flash`. Before the last one nothing
  ///   has changed.
  public mutating func beginStaging(
    _ manifest: borrowing VerifiedManifest
  ) throws(InPlaceError) -> StoreWriter {
    let description = manifest.manifest
    guard case .confirmed(let old, _) = state.phase else { throw .storage(.slotInUse) }
    guard description.companions.count == 0 else { throw .storage(.imageCountMismatch) }
    guard description.sequenceNumber >= state.securityCounter else {
      throw .storage(.sequenceNumberReplayed)
    }
    guard description.image.digest.algorithm == Hash.algorithm,
      description.payload.digest.algorithm == Hash.algorithm
    else { throw .storage(.unsupportedAlgorithm) }
    guard case .delta(let delta) = description.payload.encoding, delta.source == old.image else {
      throw .sourceMismatch
    }
    guard description.image.size <= layout.slotSize else { throw .storage(.imageTooLarge) }
    guard description.payload.size <= layout.storeSize else { throw .storeTooSmall }
    try erase(layout.store)
    generation &+= 1
    let new = ImageRecord(
      image: description.image, sequenceNumber: description.sequenceNumber, version: description.newVersion)
    let update = InPlaceUpdate(
      old: old, new: new, updateID: manifest.updateID, payloadDigest: description.payload.digest,
      payloadSize: description.payload.size)
    return StoreWriter(staging: InPlaceStaging(update: update, generation: generation))
  }

  /// Appends bytes of the payload, divided in any way.
  ///
  /// - Parameters:
  ///   - bytes: the next bytes.
  ///   - writer: where to; after an error it takes no more, and the staging is to be begun again.
  /// - Throws: ``InPlaceError/payloadSizeMismatch`` before anything is written, if these are more bytes than the payload
  ///   has left; ``InPlaceError/storage(_:)`` with `StorageError.superseded` if the writer is of an earlier staging, or has
  ///   failed, `StorageError.flash`.
  public mutating func write(_ bytes: Span<UInt8>, with writer: inout StoreWriter) throws(InPlaceError) {
    guard isCurrent(writer.staging), !writer.hasFailed else { throw .storage(.superseded) }
    guard let count = UInt32(exactly: bytes.count), count <= writer.remaining else {
      throw .payloadSizeMismatch
    }
    writer.hasFailed = true
    for index in 0..<bytes.count {
      writer.pending[writer.pendingCount] = bytes[index]
      writer.pendingCount += 1
      if writer.pendingCount == writer.pending.count { try flush(&writer) }
    }
    writer.hasFailed = false
  }

  /// Ends the writing of a payload, reads it back, and holds it against the digest of the manifest.
  ///
  /// - Parameter writer: one that has taken all bytes of the payload.
  /// - Returns: the payload, with which the update can be begun.
  /// - Throws: ``InPlaceError/payloadSizeMismatch`` if bytes are missing; ``InPlaceError/payloadDigestMismatch``;
  ///   ``InPlaceError/storage(_:)`` with `StorageError.superseded` or `StorageError.flash`. After any of these the staging
  ///   is to be begun again.
  public mutating func finish(_ writer: consuming StoreWriter) throws(InPlaceError) -> VerifiedPayload {
    guard isCurrent(writer.staging), !writer.hasFailed else { throw .storage(.superseded) }
    guard writer.remaining == 0 else { throw .payloadSizeMismatch }
    try flush(&writer)
    guard try holdsPayload(of: writer.staging.update) else { throw .payloadDigestMismatch }
    return VerifiedPayload(staging: writer.staging)
  }

  /// Requests that a verified payload is applied at the next start.
  ///
  /// One record; the slot is not touched here. Both patches are looked at first: whether they lead from the old image to
  /// the new one and back, and go with the slot. Whether they make what they should is tried at the next start, again
  /// before the slot is touched.
  ///
  /// - Parameters:
  ///   - payload: what was verified in the store.
  ///   - codec: the format of the patches.
  ///   - attempts: how often the new image may boot without being confirmed.
  /// - Throws: ``InPlaceError/storage(_:)`` with `StorageError.superseded` if another staging was begun since;
  ///   ``InPlaceError/patch(_:)``, ``InPlaceError/notAligned``, ``InPlaceError/slotTooSmall`` for a patch that is refused;
  ///   ``InPlaceError/payloadSizeMismatch`` if the two patches are not all of the payload;
  ///   ``InPlaceError/sourceMismatch`` if the slot does not hold the image that it should;
  ///   ``InPlaceError/storage(_:)`` with `StorageError.flash`. None but the last has changed anything.
  /// - Precondition: `attempts` is not 0.
  public mutating func begin<Codec: SegmentCodec & ~Copyable>(
    _ payload: consuming VerifiedPayload, codec: Codec.Type, attempts: UInt8
  ) throws(InPlaceError) {
    precondition(attempts > 0, "an image on trial needs an attempt")
    let staging = payload.staging
    guard isCurrent(staging) else { throw .storage(.superseded) }
    _ = try patch(.forward, of: staging.update, Codec.self)
    _ = try patch(.back, of: staging.update, Codec.self)
    guard try verified(staging.update.old) != nil else { throw .sourceMismatch }
    try commit(.applying(staging.update, attempts: attempts, stepsDone: 0))
  }

  /// Erases the store, so that nobody finds what was in it; needed for nothing else.
  ///
  /// - Throws: ``InPlaceError/storage(_:)`` with `StorageError.slotInUse` while an update is being applied or on trial: its
  ///   way back is in the store; `StorageError.flash`.
  public mutating func eraseStore() throws(InPlaceError) {
    guard case .confirmed = state.phase else { throw .storage(.slotInUse) }
    generation &+= 1
    try erase(layout.store)
  }

  /// Whether the store holds the payload of an update.
  mutating func holdsPayload(of update: InPlaceUpdate) throws(InPlaceError) -> Bool {
    let payload = ImageDescription(digest: update.payloadDigest, size: update.payloadSize)
    do throws(FlashError) {
      return try access.flash.holds(payload, in: layout.store, using: Hash.self)
    } catch {
      throw .storage(.flash(error))
    }
  }

  mutating func erase(_ range: Range<UInt32>) throws(InPlaceError) {
    do throws(FlashError) {
      try access.flash.erase(range)
    } catch {
      throw .storage(.flash(error))
    }
  }

  private func isCurrent(_ staging: InPlaceStaging) -> Bool {
    guard case .confirmed = state.phase else { return false }
    return staging.generation == generation
  }

  /// Writes what waits, with erased bytes up to the end of the unit.
  private mutating func flush(_ writer: inout StoreWriter) throws(InPlaceError) {
    guard writer.pendingCount > 0 else { return }
    let unit = Int(access.flash.geometry.writeSize)
    let count = (writer.pendingCount + unit - 1) / unit * unit
    for index in writer.pendingCount..<count { writer.pending[index] = access.flash.geometry.erasedByte }
    do throws(FlashError) {
      try access.flash.write(
        writer.pending.span.extracting(0..<count), at: layout.store.lowerBound + writer.written)
    } catch {
      throw .storage(.flash(error))
    }
    writer.written += UInt32(writer.pendingCount)
    writer.pendingCount = 0
  }
}
