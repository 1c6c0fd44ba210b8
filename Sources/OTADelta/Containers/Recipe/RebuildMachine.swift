import OTADelta

/// Follows the steps of a recipe and says what is to be written; writing is for others.
struct RebuildMachine {
  /// What follows from some bytes of the content.
  enum Output {
    /// Nothing yet.
    case nothing
    /// The bytes themselves.
    case input
    /// A whole stream.
    case stream([UInt8])
  }

  private let recipe: ContainerRecipe
  private var stepIndex = 0
  /// How many bytes of a raw step have passed, or how many repetitions of a stream are done.
  private var progress: UInt32 = 0
  private var streamContent: [UInt8] = []
  private var contentPosition: UInt32 = 0
  private var outputCount: UInt32 = 0

  /// Starts before the first byte of the content.
  init(_ recipe: ContainerRecipe) {
    self.recipe = recipe
  }

  /// Does what the current step can do with some bytes.
  ///
  /// - Parameter bytes: at least one.
  /// - Returns: how many were used, never none, and what follows from them.
  /// - Throws: ``DeltaError/trailingData`` behind the last step, ``DeltaError/outputOverflow`` if the file would be larger
  ///   than the recipe says, or what the library throws; then the value is of no more use.
  mutating func take(_ bytes: Span<UInt8>) throws(DeltaError) -> (used: Int, output: Output) {
    guard stepIndex < recipe.steps.count else { throw .trailingData }
    let result: (used: Int, output: Output)
    switch recipe.steps[stepIndex] {
    case .raw(let count):
      // As many as fit, so that every division of the content writes the same before the error.
      let used = min(bytes.count, Int(count - progress), max(Int(recipe.fileSize - outputCount), 1))
      try produce(used)
      progress += UInt32(used)
      if progress == count { nextStep() }
      result = (used, .input)
    case .stream(let method, let count, let repetitions):
      result = try takeStream(bytes, method: method, count: Int(count), repetitions: repetitions)
    }
    // Below the size of the content, as the steps are.
    contentPosition += UInt32(result.used)
    return result
  }

  /// Checks that this is the end of the content, and that all of the file was made.
  ///
  /// - Throws: ``DeltaError/truncated``, ``DeltaError/imageSizeMismatch``.
  func requireEnd() throws(DeltaError) {
    guard stepIndex == recipe.steps.count else { throw .truncated }
    guard outputCount == recipe.fileSize else { throw .imageSizeMismatch }
  }

  private mutating func takeStream(
    _ bytes: Span<UInt8>, method: UInt8, count: Int, repetitions: UInt32
  ) throws(DeltaError) -> (used: Int, output: Output) {
    if streamContent.isEmpty {
      let padding = ContainerLayout.padding(at: contentPosition)
      guard padding == 0 else { return (min(bytes.count, Int(padding)), .nothing) }
      streamContent.reserveCapacity(count)
    }
    let used = min(bytes.count, count - streamContent.count)
    unsafe bytes.extracting(0..<used).withUnsafeBufferPointer {
      unsafe streamContent.append(contentsOf: $0)
    }
    guard streamContent.count == count else { return (used, .nothing) }
    let stream = try recipe.methods[Int(method)].compress(streamContent.span)
    streamContent.removeAll(keepingCapacity: true)
    try produce(stream.count)
    progress += 1
    if progress == repetitions { nextStep() }
    return (used, .stream(stream))
  }

  private mutating func nextStep() {
    stepIndex += 1
    progress = 0
  }

  private mutating func produce(_ count: Int) throws(DeltaError) {
    guard count <= Int(recipe.fileSize - outputCount) else { throw .outputOverflow }
    outputCount += UInt32(count)
  }
}
