public import OTACore
public import OTACrypto

extension DeviceStorage where Device: ~Copyable {
  /// Opens the inactive slot for the image of an update.
  ///
  /// If the journal says that this update was being staged, the slot is taken up again at the last checkpoint that is at
  /// the border of an erase block. Otherwise one record is committed first that says that the slot holds no image any
  /// more; only then may it be erased.
  ///
  /// - Parameters:
  ///   - manifest: says what the image is.
  ///   - offer: names the update in the journal; made from the same manifest.
  /// - Returns: a writer; ``SlotWriter/offset`` says where to go on.
  /// - Throws: ``StorageError/offerMismatch``; ``StorageError/imageCountMismatch`` if the update has more or fewer images
  ///   than a slot; ``StorageError/slotInUse`` while an image is on trial or moving, another slot runs
  ///   than is selected, or, after a revert, the selected one has yet to be brought to where it runs;
  ///   ``StorageError/sequenceNumberReplayed`` if the manifest is below the security counter;
  ///   ``StorageError/imageTooLarge``; ``StorageError/flash(_:)``. None but the last has changed anything.
  public mutating func beginStaging(
    _ manifest: borrowing VerifiedManifest, offer: Offer
  ) throws(StorageError) -> SlotWriter {
    let description = manifest.manifest
    let record = ImageRecord(
      image: description.image, companions: description.companions,
      sequenceNumber: description.sequenceNumber, version: description.newVersion)
    return try beginStaging(record, updateID: manifest.updateID, offer: offer)
  }

  /// The same without heap.
  ///
  /// - Parameters:
  ///   - update: says what the image is.
  ///   - offer: names the update in the journal; `VerifiedUpdate.offer`.
  /// - Returns: a writer; ``SlotWriter/offset`` says where to go on.
  /// - Throws: as the other.
  public mutating func beginStaging(
    update: borrowing VerifiedUpdate, offer: Offer
  ) throws(StorageError) -> SlotWriter {
    try beginStaging(update.record, updateID: update.updateID, offer: offer)
  }

  private mutating func beginStaging(
    _ record: ImageRecord, updateID: Digest, offer: Offer
  ) throws(StorageError) -> SlotWriter {
    guard record.count == layout.imageCount else { throw .imageCountMismatch }
    guard offer.updateID == updateID, offer.sequenceNumber == record.sequenceNumber,
      offer.imageSize == record.totalSize
    else { throw .offerMismatch }
    try requireSettled()
    // Before the next start, what was reverted to is not where it runs: the inactive slot still is.
    guard case .confirmed(let selected) = state.boot.selection, selected == runningSlot, isInPlace(selected)
    else { throw .slotInUse }
    guard record.sequenceNumber >= state.boot.securityCounter else { throw .sequenceNumberReplayed }
    let slot = selected.other
    guard fits(record, in: slot), let size = record.totalSize else { throw .imageTooLarge }

    var start: UInt32 = 0
    if case .staging(offer, let stagedBytes) = state.update, state.boot[slot] == nil {
      start = resumePoint(of: stagedBytes, in: slot, record: record, size: size)
    } else {
      var next = state
      next.boot[slot] = nil
      next.update = .staging(offer, stagedBytes: 0)
      try commit(next)
    }
    generation &+= 1
    let staging = Staging(slot: slot, offer: offer, record: record, size: size, generation: generation)
    return SlotWriter(staging: staging, written: start)
  }

  /// Appends bytes of the image, divided in any way.
  ///
  /// Each erase block is erased just before its first byte is written, also one that seems to be erased already: that
  /// may be the work of an erase that lost its power. Checkpoints are committed on the way.
  ///
  /// - Parameters:
  ///   - bytes: the next bytes of the image.
  ///   - writer: where to; after an error it takes no more, and the staging is to be begun again.
  /// - Throws: ``StorageError/imageTooLarge`` before anything is written, if these are more bytes than the image has
  ///   left; ``StorageError/superseded`` if the writer is of an earlier staging, or has failed;
  ///   ``StorageError/flash(_:)``.
  public mutating func write(
    _ bytes: Span<UInt8>, with writer: inout SlotWriter
  ) throws(StorageError) {
    guard isCurrent(writer.staging), !writer.hasFailed else { throw .superseded }
    guard let count = UInt32(exactly: bytes.count), count <= writer.remaining else { throw .imageTooLarge }
    writer.hasFailed = true
    var taken = 0
    while taken < bytes.count {
      let room = Int(writer.staging.record.place(ofByte: writer.offset).remaining)
      let part = min(room, bytes.count - taken)
      try append(bytes.extracting(taken..<taken + part), with: &writer)
      taken += part
      // The next image begins at the start of a place of its own.
      if part == room { try pad(&writer) }
    }
    writer.hasFailed = false
  }

  /// Ends the writing of an image.
  ///
  /// - Parameter writer: one that has taken all bytes of the image.
  /// - Returns: the image, to be verified.
  /// - Throws: ``StorageError/imageIncomplete`` if bytes are missing; ``StorageError/superseded`` as ``write(_:with:)``;
  ///   ``StorageError/flash(_:)``. After any of these the staging can be begun again, and resumes.
  public mutating func finish(_ writer: consuming SlotWriter) throws(StorageError) -> StagedImage {
    guard isCurrent(writer.staging), !writer.hasFailed else { throw .superseded }
    guard writer.remaining == 0 else { throw .imageIncomplete }
    let size = writer.staging.size
    if writer.checkpoint != size {
      try record(.staging(writer.staging.offer, stagedBytes: size))
    }
    return StagedImage(staging: writer.staging)
  }

  /// Reads the whole image back from the slot and holds it against the digest of the manifest.
  ///
  /// - Parameters:
  ///   - image: what was staged.
  ///   - hash: the function of the digest.
  /// - Returns: the image, which may now be activated.
  /// - Throws: ``StorageError/imageDigestMismatch``, after committing that the staging begins at 0 again, so that the
  ///   next attempt does not resume on bytes that are wrong; ``StorageError/unsupportedAlgorithm``;
  ///   ``StorageError/superseded``; ``StorageError/flash(_:)``.
  public mutating func verify<Hash: HashFunction & ~Copyable>(
    _ image: consuming StagedImage, using hash: Hash.Type
  ) throws(StorageError) -> VerifiedImage {
    let staging = image.staging
    guard isCurrent(staging) else { throw .superseded }
    for index in 0..<staging.record.count {
      guard staging.record[image: index]?.digest.algorithm == Hash.algorithm else {
        throw .unsupportedAlgorithm
      }
    }
    let isGood = try holds(staging.record, in: staging.slot, using: Hash.self)
    guard isGood else {
      generation &+= 1
      try record(.staging(staging.offer, stagedBytes: 0))
      throw .imageDigestMismatch
    }
    return VerifiedImage(staging: staging)
  }

  /// Whether a slot holds what its record says: all images, each whole.
  mutating func holds<Hash: HashFunction & ~Copyable>(
    _ record: ImageRecord, in slot: SlotIdentifier, using hash: Hash.Type
  ) throws(StorageError) -> Bool {
    guard record.count == layout.imageCount else { return false }
    for index in 0..<record.count {
      guard let image = record[image: index] else { return false }
      // A set may do without an image beside the first.
      if index > 0, image.size == 0 { continue }
      do throws(FlashError) {
        guard try flash.holds(image, in: range(of: slot, image: index), using: Hash.self) else {
          return false
        }
      } catch {
        throw .flash(error)
      }
    }
    return true
  }

  /// Whether tokens of this staging are still good.
  func isCurrent(_ staging: Staging) -> Bool {
    guard case .staging(let offer, _) = state.update, case .confirmed(let selected) = state.boot.selection
    else {
      return false
    }
    return staging.generation == generation && offer == staging.offer && selected.other == staging.slot
      && state.boot[staging.slot] == nil
  }

  /// Where to go on: everything before was written to its end, and the block behind has not to be kept.
  private func resumePoint(
    of stagedBytes: UInt32, in slot: SlotIdentifier, record: ImageRecord, size: UInt32
  ) -> UInt32 {
    if stagedBytes >= size { return size }
    let place = record.place(ofByte: stagedBytes)
    let start = start(of: slot, image: place.image)
    let block = flash.geometry.eraseBlock(containing: start + place.offset)
    return stagedBytes - place.offset + ((block?.lowerBound ?? start) - start)
  }

  /// Where the next byte of a writer goes.
  private func position(of writer: borrowing SlotWriter) -> UInt32 {
    let place = writer.staging.record.place(ofByte: writer.written)
    return start(of: writer.staging.slot, image: place.image) + place.offset
  }

  /// Appends bytes of one image.
  private mutating func append(
    _ bytes: Span<UInt8>, with writer: inout SlotWriter
  ) throws(StorageError) {
    let unit = Int(flash.geometry.writeSize)
    var taken = 0
    while taken < bytes.count {
      if writer.pendingCount > 0 || bytes.count - taken < unit {
        let part = min(unit - writer.pendingCount, bytes.count - taken)
        for index in 0..<part { writer.pending[writer.pendingCount + index] = bytes[taken + index] }
        writer.pendingCount += part
        taken += part
        if writer.pendingCount == unit { try flushPending(of: &writer) }
      } else {
        // Whole units straight from the caller's bytes, up to the end of the erase block.
        let room = try prepareBlock(for: writer)
        let part = min(Int(room), (bytes.count - taken) / unit * unit)
        try put(bytes.extracting(taken..<taken + part), counting: part, with: &writer)
        taken += part
      }
    }
  }

  /// Writes what waits for the rest of its unit, if anything does, with erased bytes in the place of the rest.
  private mutating func pad(_ writer: inout SlotWriter) throws(StorageError) {
    guard writer.pendingCount > 0 else { return }
    for index in writer.pendingCount..<32 { writer.pending[index] = flash.geometry.erasedByte }
    try flushPending(of: &writer)
  }

  /// Erases the block of the next byte, if that is its first.
  ///
  /// - Returns: how many bytes the block has left.
  private mutating func prepareBlock(for writer: borrowing SlotWriter) throws(StorageError) -> UInt32 {
    let offset = position(of: writer)
    guard let block = flash.geometry.eraseBlock(containing: offset) else { throw .flash(.outOfBounds) }
    if offset == block.lowerBound {
      do throws(FlashError) {
        try flash.erase(block)
      } catch {
        throw .flash(error)
      }
    }
    return block.upperBound - offset
  }

  /// Writes the one unit that waits.
  private mutating func flushPending(of writer: inout SlotWriter) throws(StorageError) {
    _ = try prepareBlock(for: writer)
    let unit = writer.pending
    let count = writer.pendingCount
    writer.pendingCount = 0
    try put(unit.span.extracting(0..<Int(flash.geometry.writeSize)), counting: count, with: &writer)
  }

  /// Writes whole units within one erase block, of which `count` bytes are image, and takes a checkpoint if it is time.
  private mutating func put(
    _ units: Span<UInt8>, counting count: Int, with writer: inout SlotWriter
  ) throws(StorageError) {
    let offset = position(of: writer)
    do throws(FlashError) {
      try flash.write(units, at: offset)
    } catch {
      throw .flash(error)
    }
    writer.written += UInt32(count)
    guard flash.geometry.isEraseBoundary(offset + UInt32(count)),
      writer.written - writer.checkpoint >= checkpointInterval
    else { return }
    try record(.staging(writer.staging.offer, stagedBytes: writer.written))
    writer.checkpoint = writer.written
  }
}
