public import OTADelta

extension ContainerRecipe {
  /// Makes a few streams of the old file again, to see before the first write whether the libraries of this machine are
  /// those of the machine that made the recipe.
  ///
  /// A method that has no probe is not tried: the digest of the new file is what decides in the end.
  ///
  /// - Parameters:
  ///   - old: the file that the patch starts from.
  ///   - layout: that of `old`.
  /// - Throws: ``DeltaError/sourceMismatch`` if the old file has no such stream, or its content is larger than
  ///   twice that of the largest stream of the method, ``DeltaError/unsupportedCompression`` if a stream does not come
  ///   out the same, ``DeltaError/memoryExceeded`` if there is no memory.
  public func probe(old: [UInt8], layout: ContainerLayout) throws(DeltaError) {
    guard !probes.isEmpty else { return }
    let streams = layout.segments.filter { $0.format != nil }
    for probe in probes {
      guard Int(probe.stream) < streams.count else { throw .sourceMismatch }
      let stream = streams[Int(probe.stream)]
      let method = methods[Int(probe.method)]
      guard stream.format == method.format, stream.contentRange.count <= largestProbe(of: probe.method) else {
        throw .sourceMismatch
      }
      let made = try method.compress(layout.content.span.extracting(stream.contentRange))
      guard made[...] == old[stream.range] else { throw .unsupportedCompression }
    }
  }

  /// How much content a probe of a method may have: twice that of the largest stream that is made with it.
  ///
  /// - Parameter method: which of ``methods``.
  /// - Returns: in bytes.
  package func largestProbe(of method: UInt8) -> UInt32 {
    let (twice, overflow) = largestStream(of: method).multipliedReportingOverflow(by: 2)
    return overflow ? .max : twice
  }

  /// The content of the largest stream that is made with a method.
  private func largestStream(of method: UInt8) -> UInt32 {
    var largest: UInt32 = 0
    for step in steps {
      if case .stream(method, let count, _) = step { largest = max(largest, count) }
    }
    return largest
  }

  /// What making streams takes at most at any time, probes included: the content of one, the stream twice, and the
  /// library.
  ///
  /// - Returns: in bytes.
  var compressionMemory: UInt64 {
    var most: UInt64 = 0
    for method in methods.indices {
      let isProbed = probes.contains { Int($0.method) == method }
      let count = isProbed ? largestProbe(of: UInt8(method)) : largestStream(of: UInt8(method))
      let (sum, overflow) = methods[method].memoryRequirement(contentSize: count)
        .addingReportingOverflow(3 * UInt64(count))
      most = max(most, overflow ? .max : sum)
    }
    return most
  }
}
