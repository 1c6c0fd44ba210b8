import OTACore
import OTADelta
public import OTADeltaContainers

/// Takes files with compressed streams apart, so that their contents can be compared.
///
/// Deterministic, as long as the libraries are. Memory: the file, its content, and what the slowest compressor takes.
public enum ContainerEncoder {
  /// A file that was taken apart.
  public struct Unpacked: Equatable, Sendable {
    /// How the file is made from `content`.
    public var recipe: ContainerRecipe
    /// What to make a patch to.
    public var content: [UInt8]
  }

  /// Takes a file apart, if it has compressed streams that a library can make again.
  ///
  /// Streams that no known method makes bit for bit stay compressed, in the content as in the file. The result was
  /// rebuilt and held against the file.
  ///
  /// - Parameters:
  ///   - new: the file.
  ///   - old: the file that the patch will start from, for probes.
  ///   - limits: how large contents may become; the decoder needs the same.
  ///   - isCancelled: asked before each stream; `true` ends the work.
  /// - Returns: `nil` if there is nothing to take apart.
  /// - Throws: ``DeltaEncoderError/cancelled``, ``DeltaEncoderError/outOfMemory``,
  ///   ``DeltaEncoderError/verificationFailed(_:)`` if a library is not deterministic.
  public static func unpack(
    _ new: [UInt8], old: [UInt8] = [], limits: ContainerLimits = ContainerLimits(),
    isCancelled: () -> Bool = { Task.isCancelled }
  ) throws(DeltaEncoderError) -> Unpacked? {
    guard let unpacked = try takeApart(new, old: old, limits: limits, isCancelled: isCancelled) else {
      return nil
    }
    do throws(DeltaError) {
      guard try unpacked.recipe.rebuild(unpacked.content.span) == new else { throw .outputMismatch }
    } catch {
      throw .verificationFailed(error)
    }
    return unpacked
  }

  /// The same for those who hold what is rebuilt against the file themselves.
  static func takeApart(
    _ new: [UInt8], old: [UInt8], limits: ContainerLimits, isCancelled: () -> Bool
  ) throws(DeltaEncoderError) -> Unpacked? {
    let layout = ContainerLayout(of: new, limits: limits)
    guard layout.hasStreams else { return nil }
    var search = MethodSearch(limits: limits)
    var builder = RecipeBuilder()
    var content: [UInt8] = []
    for segment in layout.segments {
      guard !isCancelled() else { throw .cancelled }
      let inside = layout.content.span.extracting(segment.contentRange)
      if let format = segment.format,
        let method = try search.method(for: new[segment.range], of: inside, format: format)
      {
        builder.addStream(method, count: inside.count)
        let excess = content.count % ContainerLayout.alignment
        if excess > 0 {
          content.append(contentsOf: repeatElement(0, count: ContainerLayout.alignment - excess))
        }
        content += layout.content[segment.contentRange]
      } else {
        builder.addRaw(segment.range.count)
        content += new[segment.range]
      }
    }
    guard !builder.methods.isEmpty else { return nil }
    guard !isCancelled() else { throw .cancelled }
    var recipe = ContainerRecipe(
      fileSize: UInt32(new.count), methods: builder.methods, probes: [], steps: builder.steps)
    let probes = try probes(for: recipe, in: old, limits: limits)
    recipe = ContainerRecipe(
      fileSize: recipe.fileSize, methods: recipe.methods, probes: probes, steps: recipe.steps)
    return Unpacked(recipe: recipe, content: content)
  }

  /// For each method the first stream of the old file that it makes, among the first few.
  private static func probes(
    for recipe: ContainerRecipe, in old: [UInt8], limits: ContainerLimits
  ) throws(DeltaEncoderError) -> [ContainerRecipe.Probe] {
    let layout = ContainerLayout(of: old, limits: limits)
    let streams = layout.segments.filter { $0.format != nil }
    var probes: [ContainerRecipe.Probe] = []
    for (index, method) in recipe.methods.enumerated() {
      let limit = recipe.largestProbe(of: UInt8(index))
      let candidates = streams.enumerated().filter {
        $0.element.format == method.format && $0.element.contentRange.count <= limit
      }.prefix(8)
      for (number, stream) in candidates {
        let inside = layout.content.span.extracting(stream.contentRange)
        guard try MethodSearch.makes(method, old[stream.range], of: inside) else { continue }
        probes.append(ContainerRecipe.Probe(method: UInt8(index), stream: UInt32(number)))
        break
      }
    }
    return probes
  }
}

/// Collects the steps of a recipe, as few as possible.
private struct RecipeBuilder {
  private(set) var methods: [CompressionMethod] = []
  private(set) var steps: [ContainerRecipe.Step] = []

  mutating func addRaw(_ count: Int) {
    if case .raw(let before) = steps.last {
      steps[steps.count - 1] = .raw(count: before + UInt32(count))
    } else {
      steps.append(.raw(count: UInt32(count)))
    }
  }

  mutating func addStream(_ method: CompressionMethod, count: Int) {
    let index: Int
    if let known = methods.firstIndex(of: method) {
      index = known
    } else {
      index = methods.count
      methods.append(method)
    }
    if case .stream(let last, UInt32(count), let repetitions) = steps.last, Int(last) == index {
      steps[steps.count - 1] = .stream(method: last, count: UInt32(count), repetitions: repetitions + 1)
    } else {
      steps.append(.stream(method: UInt8(index), count: UInt32(count), repetitions: 1))
    }
  }
}
