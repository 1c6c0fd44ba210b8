import OTACrypto
import OTADelta

/// The ends of the patch between the contents: the old content in memory, and a machine that makes the file of the new
/// one, with the place where that goes.
struct ContainerPatchMedia<Media: PatchMedia & ~Copyable>: ~Copyable, PatchMedia {
  let content: MemorySource
  var machine: RebuildMachine
  var hash: SHA256
  var outputCount: UInt32
  /// The media of the file.
  var media: Media

  init(
    content: MemorySource, machine: consuming RebuildMachine, hash: SHA256, outputCount: UInt32,
    media: consuming Media
  ) {
    self.content = content
    self.machine = machine
    self.hash = hash
    self.outputCount = outputCount
    self.media = media
  }

  func readSource(
    into destination: inout MutableSpan<UInt8>, at offset: UInt32
  ) throws(MemorySource.Failure) {
    try content.read(into: &destination, at: offset)
  }

  mutating func writeImage(_ bytes: Span<UInt8>) throws(RebuildError<Media.SinkFailure>) {
    var position = 0
    while position < bytes.count {
      let part = bytes.extracting(position..<bytes.count)
      let step: (used: Int, output: RebuildMachine.Output)
      do throws(DeltaError) { step = try machine.take(part) } catch { throw .delta(error) }
      switch step.output {
      case .nothing: break
      case .input: try put(part.extracting(0..<step.used))
      case .stream(let stream): try put(stream.span)
      }
      position += step.used
    }
  }

  private mutating func put(_ bytes: Span<UInt8>) throws(RebuildError<Media.SinkFailure>) {
    hash.update(bytes)
    do throws(Media.SinkFailure) { try media.writeImage(bytes) } catch { throw .sink(error) }
    outputCount += UInt32(bytes.count)
  }
}
