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
  /// - Throws: ``DeltaError/sourceMismatch`` if the old file has no such stream, ``DeltaError/unsupportedCompression`` if
  ///   a stream does not come out the same, ``DeltaError/memoryExceeded`` if there is no memory.
  public func probe(old: [UInt8], layout: ContainerLayout) throws(DeltaError) {
    guard !probes.isEmpty else { return }
    let streams = layout.segments.filter { $0.format != nil }
    for probe in probes {
      guard Int(probe.stream) < streams.count else { throw .sourceMismatch }
      let stream = streams[Int(probe.stream)]
      let method = methods[Int(probe.method)]
      guard stream.format == method.format else { throw .sourceMismatch }
      let made = try method.compress(layout.content.span.extracting(stream.contentRange))
      guard made[...] == old[stream.range] else { throw .unsupportedCompression }
    }
  }
}
