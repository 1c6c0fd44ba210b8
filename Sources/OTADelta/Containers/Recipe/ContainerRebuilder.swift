public import OTADelta

/// Why a file was not rebuilt.
public enum RebuildError<SinkFailure: Error>: Error {
  /// The content does not belong to the recipe, or the libraries do not.
  case delta(DeltaError)
  /// The file could not be written.
  case sink(SinkFailure)
}

extension RebuildError: Equatable where SinkFailure: Equatable {}

/// Takes the content of a file as a decoder makes it, and writes the file.
///
/// Memory: the content of one stream and the stream, and what the library takes for it, see
/// ``CompressionMethod/compress(_:)``. Never more than the size that the recipe declares is written. That the bytes are
/// the right ones, only the digest of the file can say: another version of a library may make others.
public struct ContainerRebuilder<Sink: ImageSink & ~Copyable>: ~Copyable, ImageSink {
  /// Where the file goes; to be taken back after ``finish()``.
  public var sink: Sink

  private var machine: RebuildMachine
  private var failure: DeltaError?

  /// How many bytes of the file were written to the sink.
  public private(set) var outputCount: UInt32 = 0

  /// Starts before the first byte.
  ///
  /// - Parameters:
  ///   - recipe: that of the file.
  ///   - sink: where the file goes.
  public init(recipe: ContainerRecipe, sink: consuming Sink) {
    machine = RebuildMachine(recipe)
    self.sink = sink
  }

  /// Takes the next bytes of the content and writes all bytes of the file that follow from them.
  ///
  /// - Parameter bytes: any number of bytes; every division gives the same file or the same error.
  /// - Throws: ``RebuildError/delta(_:)`` with ``DeltaError/trailingData`` if there is more content than the recipe uses,
  ///   ``DeltaError/outputOverflow`` if the file would be larger than the recipe says,
  ///   ``DeltaError/memoryExceeded`` or ``DeltaError/unsupportedCompression`` as the method throws;
  ///   ``RebuildError/sink(_:)``. Then each later call throws the same, or ``DeltaError/abandoned``.
  public mutating func write(_ bytes: Span<UInt8>) throws(RebuildError<Sink.Failure>) {
    if let failure { throw .delta(failure) }
    do throws(RebuildError<Sink.Failure>) {
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
    } catch {
      failure = .abandoned
      if case .delta(let error) = error { failure = error }
      throw error
    }
  }

  /// Ends the content; returns only if the whole file was written.
  ///
  /// - Throws: ``DeltaError/truncated`` if content is missing, ``DeltaError/imageSizeMismatch`` if the file is smaller
  ///   than the recipe says, or what an earlier call threw.
  public mutating func finish() throws(DeltaError) {
    if let failure { throw failure }
    do throws(DeltaError) {
      try machine.requireEnd()
    } catch {
      failure = error
      throw error
    }
  }

  private mutating func put(_ bytes: Span<UInt8>) throws(RebuildError<Sink.Failure>) {
    do throws(Sink.Failure) { try sink.write(bytes) } catch { throw .sink(error) }
    outputCount += UInt32(bytes.count)
  }
}

extension ContainerRecipe {
  /// Makes the file from its content, in memory.
  ///
  /// - Parameter content: all of it.
  /// - Returns: the file.
  /// - Throws: as ``ContainerRebuilder`` does.
  public func rebuild(_ content: Span<UInt8>) throws(DeltaError) -> [UInt8] {
    var rebuilder = ContainerRebuilder(recipe: self, sink: MemorySink())
    do throws(RebuildError<Never>) {
      try rebuilder.write(content)
    } catch {
      switch error {
      case .delta(let error): throw error
      }
    }
    try rebuilder.finish()
    return rebuilder.sink.bytes
  }
}
