import OTACore
import OTACrypto
import OTADelta
import OTAManifest
import OTAPartition
import OTAStateMachine

// From the first byte of an envelope to an image that is whole in the inactive slot.
extension SerialSession where Device: ~Copyable, Signer: ~Copyable {
  /// The first byte of the payload that is still to come.
  var nextPayloadByte: UInt32 { releasedBytes &+ pendingBytes }

  /// Whether all of the payload was taken in.
  var isTransferred: Bool { payload.map { releasedBytes == $0.size } ?? false }

  /// Takes bytes of an envelope: total length (4), offset (4), bytes.
  mutating func takeEnvelope(_ body: Span<UInt8>, _ answer: inout SerialAnswer) throws(SerialRefusal) {
    var cursor = ByteCursor(body)
    let (total, offset) = try readPair(&cursor)
    let bytes = cursor.readRemaining()
    guard total > 0, total <= UInt32(memory.envelopeSize) else { throw SerialRefusal(.limitExceeded) }
    guard let count = UInt32(exactly: bytes.count), count > 0, count <= total, offset <= total - count else {
      throw SerialRefusal(.invalidValue)
    }
    let memory = memory
    var envelope = memory.envelope
    var isKnown = total == envelopeTotal && offset <= envelopeCount && count <= envelopeCount - offset
    if isKnown {
      for index in 0..<bytes.count where envelope[Int(offset) + index] != bytes[index] { isKnown = false }
    }
    // What is there already does no harm, also to an update that is being received with it.
    if !isKnown, offset == 0 || (total == envelopeTotal && offset == envelopeCount) {
      abandon()
      if offset == 0 { (envelopeTotal, envelopeCount) = (total, 0) }
      for index in 0..<bytes.count { envelope[Int(offset) + index] = bytes[index] }
      envelopeCount = offset + count
    }
    answer.append(UInt64(total == envelopeTotal ? envelopeCount : 0), bytes: 4)
  }

  /// Verifies the envelope that was received, and opens the slot.
  mutating func begin(_ updateID: Digest, _ answer: inout SerialAnswer) throws(SerialRefusal) {
    if let offer, offer.updateID == updateID { return writeTransfer(&answer) }
    guard envelopeTotal > 0, envelopeCount == envelopeTotal else { throw SerialRefusal(.truncated) }
    let storage = state
    guard let running = storage.boot[target.storage.runningSlot] else { throw SerialRefusal(.slotEmpty) }
    let circumstances = CompactCircumstances(
      securityCounter: storage.boot.securityCounter, runningVersion: running.version,
      runningImage: running.image, memory: UInt32(truncatingIfNeeded: memory.workSize))
    let memory = memory
    let envelope = memory.envelope(Int(envelopeCount))
    guard SHA256.digest(of: envelope) == updateID else { throw SerialRefusal(.unknownUpdate) }
    try open(try verify(envelope, in: circumstances))
    writeTransfer(&answer)
  }

  private func verify(
    _ envelope: Span<UInt8>, in circumstances: CompactCircumstances
  ) throws(SerialRefusal) -> CompactManifest {
    do throws(CompactRefusal) {
      return try verifier.verify(envelope, for: device, in: circumstances)
    } catch {
      throw SerialRefusal(error.code)
    }
  }

  /// Opens the slot for an update.
  private mutating func open(_ manifest: borrowing CompactManifest) throws(SerialRefusal) {
    let payload = manifest.payload
    guard let offer = manifest.update.offer else { throw SerialRefusal(.imageTooLarge) }
    // What was being received is not the update that is wanted.
    abandon()
    let writer = try stage(manifest.update, offer)
    let imageSize = offer.imageSize
    let stagedBytes = writer.offset
    (releasedBytes, pendingBytes) = (0, 0)
    patch = nil
    verified = nil
    if stagedBytes == imageSize {
      releasedBytes = payload.size
    } else {
      switch payload.encoding {
      case .identity: releasedBytes = stagedBytes - stagedBytes % payload.blockSize
      case .delta(let delta):
        patch = NativeDecoder(
          imageSize: imageSize, sourceSize: delta.source.size,
          memory: memory.decoderMemory(behind: Int(payload.largestBlock)))
      }
    }
    target.begin(writer, outputOffset: releasedBytes)
    self.offer = offer
    self.payload = payload
    enterDownload(offer)
    if isTransferred { _ = machine.handle(.downloadCompleted) }
  }

  private mutating func stage(
    _ update: borrowing VerifiedUpdate, _ offer: Offer
  ) throws(SerialRefusal) -> SlotWriter {
    do throws(StorageError) {
      return try target.storage.beginStaging(update: update, offer: offer)
    } catch {
      throw SerialRefusal(error.code)
    }
  }

  /// Brings the machine to where it receives this update; whatever it was about, that is over.
  private mutating func enterDownload(_ offer: Offer) {
    _ = machine.handle(.cancelled)
    _ = machine.handle(.reportDelivered)
    _ = machine.handle(.pollDue)
    _ = machine.handle(.manifestVerified(offer))
    _ = machine.handle(.policyDecided(.accept))
  }

  /// What is to be sent: digest (32), size (4), encoding (1), next byte (4), length of blocks (4).
  private func writeTransfer(_ answer: inout SerialAnswer) {
    guard let payload else { return }
    answer.append(payload.digest)
    answer.append(UInt64(payload.size), bytes: 4)
    let isPatch = payload.encoding != .identity
    answer.append(isPatch ? 1 : 0, bytes: 1)
    answer.append(UInt64(nextPayloadByte), bytes: 4)
    answer.append(UInt64(payload.blockSize), bytes: 4)
  }

  /// Takes bytes of the payload: first four bytes of the name of the update, offset (4), bytes.
  mutating func takePayload(_ body: Span<UInt8>, _ answer: inout SerialAnswer) throws(SerialRefusal) {
    var cursor = ByteCursor(body)
    let (name, offset) = try readPair(&cursor)
    let bytes = cursor.readRemaining()
    guard let payload, let offer else { throw SerialRefusal(.unknownUpdate) }
    var expected: UInt32 = 0
    for index in 0..<4 { expected |= UInt32(offer.updateID.bytes[index]) << UInt32(8 * index) }
    guard name == expected else { throw SerialRefusal(.unknownUpdate) }
    // What was there already, or comes too early, changes nothing; the answer says what is missing.
    if offset == nextPayloadByte {
      guard bytes.count <= Int(payload.size - nextPayloadByte) else {
        throw SerialRefusal(.payloadSizeMismatch)
      }
      try append(bytes, of: payload)
    }
    answer.append(UInt64(nextPayloadByte), bytes: 4)
  }

  private mutating func append(_ bytes: Span<UInt8>, of payload: CompactPayload) throws(SerialRefusal) {
    let memory = memory
    var taken = 0
    while taken < bytes.count {
      let length = min(payload.blockSize, payload.size - releasedBytes)
      var block = memory.block(Int(length))
      let part = min(Int(length - pendingBytes), bytes.count - taken)
      for index in 0..<part { block[Int(pendingBytes) + index] = bytes[taken + index] }
      pendingBytes += UInt32(part)
      taken += part
      guard pendingBytes == length else { return }
      pendingBytes = 0
      let envelope = memory.envelope(Int(envelopeCount))
      let whole = memory.wholeBlock(Int(length))
      guard
        payload.digest(ofBlock: releasedBytes / payload.blockSize, in: envelope)
          == SHA256.digest(of: whole)
      else { throw SerialRefusal(.payloadDigestMismatch) }
      try use(whole)
      releasedBytes += length
      _ = machine.handle(.downloadAdvanced)
    }
    guard isTransferred else { return }
    do throws(DeltaError) {
      try patch?.finish()
    } catch {
      throw fail(.payloadRefused(error.code), error.code)
    }
    _ = machine.handle(.downloadCompleted)
  }

  /// Decodes an authentic block, and writes what comes of it.
  private mutating func use(_ block: Span<UInt8>) throws(SerialRefusal) {
    guard patch != nil else {
      do throws(StorageError) {
        return try target.writeImage(block)
      } catch {
        throw fail(.storageFailed(error.code), error.code)
      }
    }
    do throws(PatchError<StorageError, StorageError>) {
      try patch?.push(block, media: &target)
    } catch {
      switch error {
      case .delta(let error): throw fail(.payloadRefused(error.code), error.code)
      case .source(let error), .sink(let error): throw fail(.storageFailed(error.code), error.code)
      }
    }
  }

  /// Reads two numbers of four bytes.
  private func readPair(_ cursor: inout ByteCursor) throws(SerialRefusal) -> (UInt32, UInt32) {
    do throws(ParseError) {
      return (try cursor.readLittleEndian(), try cursor.readLittleEndian())
    } catch {
      throw SerialRefusal(error.code)
    }
  }
}
