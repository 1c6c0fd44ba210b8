import OTACore
import OTADelta
import OTAPartition

/// The two ends of a patch on a device: the running image to read from, the inactive slot to write to.
///
/// One object, because both are behind one flash controller. Nothing is written before
/// ``begin(_:offer:outputOffset:)``; and where the manifest has digests of the blocks of the image, nothing of a block
/// before it was found right.
struct SlotTarget<Device: Flash & ~Copyable>: ~Copyable, PatchMedia {
  var storage: DeviceStorage<Device>
  private var writer: SlotWriter?
  private var gate: BlockGate<AgentHash>?
  private var outputOffset: UInt32 = 0

  init(_ storage: consuming DeviceStorage<Device>) {
    self.storage = storage
  }

  /// How much of the image of an update the journal vouches for, in bytes.
  func stagedBytes(of offer: Offer) -> UInt32 {
    guard case .staging(let staged, let stagedBytes) = storage.state.update, staged.updateID == offer.updateID
    else { return 0 }
    return stagedBytes
  }

  /// Selects the inactive slot, and goes on where the journal says.
  ///
  /// - Parameters:
  ///   - manifest: what the image is.
  ///   - offer: names the update in the journal.
  ///   - outputOffset: which byte of the image the decoder will make first; bytes that are in the slot already are
  ///     not written again. Zero where the manifest has digests of the blocks of the image.
  /// - Throws: a `StorageError`.
  mutating func begin(
    _ manifest: borrowing VerifiedManifest, offer: Offer, outputOffset: UInt32
  ) throws(StorageError) {
    guard writer == nil else { return }
    writer = try storage.beginStaging(manifest, offer: offer)
    self.outputOffset = outputOffset
    gate = nil
    guard let blocks = manifest.manifest.imageBlocks else { return }
    let size = manifest.manifest.image.size
    gate = BlockGate(
      blocks: blocks, imageSize: size,
      memory: DecoderMemory(
        allocating: Int(BlockGate<AgentHash>.memoryRequirement(blocks: blocks, imageSize: size))))
  }

  mutating func readSource(
    into destination: inout MutableSpan<UInt8>, at offset: UInt32
  ) throws(StorageError) {
    try storage.readRunningImage(into: &destination, at: offset)
  }

  mutating func writeImage(_ bytes: Span<UInt8>) throws(BlockError<StorageError>) {
    guard var gate = gate.take() else {
      do throws(StorageError) { try store(bytes) } catch { throw .sink(error) }
      return
    }
    // A gate that refused a block is of no more use, and goes with the error.
    try gate.append(bytes) { (block) throws(StorageError) in try store(block) }
    self.gate = consume gate
  }

  private mutating func store(_ bytes: Span<UInt8>) throws(StorageError) {
    guard var writer = writer.take() else { preconditionFailure("output before begin") }
    let replayed = min(Int(writer.offset - min(outputOffset, writer.offset)), bytes.count)
    outputOffset += UInt32(bytes.count)
    // A writer whose write failed is of no more use, and goes with the error.
    try storage.write(bytes.extracting(replayed..<bytes.count), with: &writer)
    self.writer = consume writer
  }

  /// Ends the writing.
  ///
  /// - Throws: a `StorageError` if the image is not complete.
  mutating func finish() throws(StorageError) -> StagedImage {
    guard let writer = writer.take() else { preconditionFailure("finish before begin") }
    return try storage.finish(writer)
  }

  /// Forgets the writing; what is in the slot stays, and is used again if the same update comes back.
  mutating func abandon() { writer = nil }
}
