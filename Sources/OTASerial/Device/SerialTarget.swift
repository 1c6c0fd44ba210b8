import OTACore
import OTADelta
import OTAPartition

/// The two ends of a patch: the running image to read from, the inactive slot to write to.
struct SerialTarget<Device: Flash & ~Copyable>: ~Copyable, PatchMedia {
  var storage: DeviceStorage<Device>
  private var writer: SlotWriter?
  /// Which byte of the image comes next; those that are in the slot already are not written again.
  private var outputOffset: UInt32 = 0

  init(_ storage: consuming DeviceStorage<Device>) { self.storage = storage }

  /// How much of the image is in the slot; 0 without a writer.
  private(set) var stagedBytes: UInt32 = 0

  mutating func begin(_ writer: consuming SlotWriter, outputOffset: UInt32) {
    stagedBytes = writer.offset
    self.writer = consume writer
    self.outputOffset = outputOffset
  }

  mutating func readSource(
    into destination: inout MutableSpan<UInt8>, at offset: UInt32
  ) throws(StorageError) {
    try storage.readRunningImage(into: &destination, at: offset)
  }

  mutating func writeImage(_ bytes: Span<UInt8>) throws(StorageError) {
    // After an error there is no writer any more, and nothing is written before the next staging.
    guard var writer = writer.take() else { throw .superseded }
    let replayed = min(Int(writer.offset - min(outputOffset, writer.offset)), bytes.count)
    outputOffset &+= UInt32(truncatingIfNeeded: bytes.count)
    try storage.write(bytes.extracting(replayed..<bytes.count), with: &writer)
    stagedBytes = writer.offset
    self.writer = consume writer
  }

  /// Ends the writing.
  mutating func finish() throws(StorageError) -> StagedImage {
    guard let writer = writer.take() else { throw .superseded }
    return try storage.finish(writer)
  }

  /// Forgets the writing; what is in the slot stays, and is used again if the same update comes back.
  mutating func abandon() {
    writer = nil
    stagedBytes = 0
  }

  /// Gives the storage back.
  consuming func closed() -> DeviceStorage<Device> { storage }
}
