public import OTACore

/// How the bytes of a file are made from its content: which parts are passed on, which are compressed and how.
///
/// - Note: Source: Docs/Containers.md.
public struct ContainerRecipe: Equatable, Sendable {
  /// A step of making the file.
  public enum Step: Equatable, Sendable {
    /// Passes bytes on.
    case raw(count: UInt32)
    /// Compresses so many bytes into one stream, and as many again, several times. In front of each, the content has
    /// zeros up to a multiple of ``ContainerLayout/alignment``.
    case stream(method: UInt8, count: UInt32, repetitions: UInt32)
  }

  /// A stream of the old file that a method must be able to make again, or the library is another one.
  public struct Probe: Equatable, Sendable {
    /// Which of ``ContainerRecipe/methods``.
    public var method: UInt8
    /// Which stream of the old file, counted from 0.
    public var stream: UInt32

    /// Makes a probe from its parts.
    public init(method: UInt8, stream: UInt32) {
      self.method = method
      self.stream = stream
    }
  }

  /// How many methods a recipe may have.
  public static var maximumMethodCount: Int { 64 }

  /// The size of the file in bytes.
  public private(set) var fileSize: UInt32
  /// The size of the content in bytes.
  public private(set) var contentSize: UInt32
  /// What ``Step/stream(method:count:repetitions:)`` counts in.
  public private(set) var methods: [CompressionMethod]
  /// At most one for each method.
  public private(set) var probes: [Probe]
  /// In the order of the content, which they use up.
  public private(set) var steps: [Step]

  /// Makes a recipe from its parts.
  ///
  /// - Precondition: the parts are what ``serialized()`` can write and a parser would accept.
  public init(fileSize: UInt32, methods: [CompressionMethod], probes: [Probe], steps: [Step]) {
    self.fileSize = fileSize
    self.methods = methods
    self.probes = probes
    self.steps = steps
    var end: UInt64 = 0
    for step in steps {
      if case .stream(let method, _, _) = step {
        precondition(Int(method) < methods.count, "no such method")
      }
      guard let next = ContainerRecipe.end(of: step, at: end), next <= UInt64(UInt32.max) else {
        preconditionFailure("the content is too large")
      }
      end = next
    }
    contentSize = UInt32(end)
  }

  /// Where the content of a step ends.
  ///
  /// - Parameters:
  ///   - step: any, also one from a damaged recipe.
  ///   - position: where the content of the steps in front of it ends, below 2^32.
  /// - Returns: `nil` if that is no number of 64 bits.
  private static func end(of step: Step, at position: UInt64) -> UInt64? {
    switch step {
    case .raw(let count): return position + UInt64(count)
    case .stream(_, let count, let repetitions):
      let first = position + ContainerLayout.padding(at: position)
      let whole = UInt64(count) + ContainerLayout.padding(at: UInt64(count))
      let (others, overflow) = whole.multipliedReportingOverflow(by: UInt64(max(repetitions, 1) - 1))
      guard !overflow else { return nil }
      let (sum, isTooLarge) = others.addingReportingOverflow(first + UInt64(count))
      return isTooLarge ? nil : sum
    }
  }

  /// Where in the content what each stream holds begins.
  package var streamStarts: [Int] {
    var starts: [Int] = []
    var position = 0
    for step in steps {
      switch step {
      case .raw(let count): position += Int(count)
      case .stream(_, let count, let repetitions):
        for _ in 0..<repetitions {
          position += ContainerLayout.padding(at: position)
          starts.append(position)
          position += Int(count)
        }
      }
    }
    return starts
  }

  /// `OTAR` and the version.
  private static var magic: [UInt8] { [0x4f, 0x54, 0x41, 0x52, 0x01] }

  /// The bytes of the recipe.
  public func serialized() -> [UInt8] {
    var bytes = ContainerRecipe.magic
    ContainerRecipe.append(fileSize, to: &bytes)
    ContainerRecipe.append(contentSize, to: &bytes)
    bytes.append(UInt8(methods.count))
    for method in methods { method.write(to: &bytes) }
    bytes.append(UInt8(probes.count))
    for probe in probes {
      bytes.append(probe.method)
      ContainerRecipe.append(probe.stream, to: &bytes)
    }
    for step in steps {
      switch step {
      case .raw(let count):
        bytes.append(0)
        ContainerRecipe.append(count, to: &bytes)
      case .stream(let method, let count, let repetitions):
        // One code for each method, and one for each with a number of repetitions.
        bytes.append(1 + 2 * method + (repetitions > 1 ? 1 : 0))
        ContainerRecipe.append(count, to: &bytes)
        if repetitions > 1 { ContainerRecipe.append(repetitions, to: &bytes) }
      }
    }
    return bytes
  }

  /// Parses and checks a recipe.
  ///
  /// Memory: at most 16 bytes a byte of the recipe.
  ///
  /// - Parameters:
  ///   - bytes: all of it.
  ///   - limits: ``ContainerLimits/contentSize`` holds for content and file, the others for each
  ///     stream.
  /// - Throws: kind ``ParseError/Kind/unsupported`` if this is no recipe, or of another version, or names an unknown
  ///   library; ``ParseError/Kind/limitExceeded``; ``ParseError/Kind/invalidValue`` if a parameter or index is out of
  ///   range or a step makes nothing; ``ParseError/Kind/notCanonical`` for a number that is longer than it must be;
  ///   ``ParseError/Kind/truncated`` and ``ParseError/Kind/trailingBytes``.
  public init(_ bytes: Span<UInt8>, limits: ContainerLimits = ContainerLimits()) throws(ParseError) {
    var cursor = ByteCursor(bytes)
    for expected in ContainerRecipe.magic {
      guard try cursor.readByte() == expected else { throw ParseError(.unsupported, at: 0) }
    }
    fileSize = try ContainerRecipe.readNumber(&cursor)
    contentSize = try ContainerRecipe.readNumber(&cursor)
    guard contentSize <= limits.contentSize, fileSize <= limits.contentSize else {
      throw ParseError(.limitExceeded, at: 5)
    }
    methods = []
    let methodCount = try cursor.readByte()
    guard methodCount <= ContainerRecipe.maximumMethodCount else {
      throw ParseError(.limitExceeded, at: cursor.offset - 1)
    }
    for _ in 0..<methodCount { methods.append(try CompressionMethod(&cursor)) }
    probes = []
    let probeCount = try cursor.readByte()
    guard probeCount <= methodCount else { throw ParseError(.limitExceeded, at: cursor.offset - 1) }
    for _ in 0..<probeCount {
      let offset = cursor.offset
      let method = try cursor.readByte()
      guard method < methodCount else { throw ParseError(.invalidValue, at: offset) }
      probes.append(Probe(method: method, stream: try ContainerRecipe.readNumber(&cursor)))
    }
    steps = []
    var position: UInt64 = 0
    while position < contentSize {
      let offset = cursor.offset
      let code = try cursor.readByte()
      let count = try ContainerRecipe.readNumber(&cursor)
      guard count > 0 else { throw ParseError(.invalidValue, at: offset) }
      var step = Step.raw(count: count)
      if code > 0 {
        let method = (code - 1) / 2
        guard method < methodCount else { throw ParseError(.invalidValue, at: offset) }
        guard methods[Int(method)].isAllowed(contentSize: count, limits: limits) else {
          throw ParseError(.limitExceeded, at: offset)
        }
        var repetitions: UInt32 = 1
        if code & 1 == 0 {
          repetitions = try ContainerRecipe.readNumber(&cursor)
          // One has the shorter form.
          guard repetitions > 1 else { throw ParseError(.notCanonical, at: offset) }
        }
        step = .stream(method: method, count: count, repetitions: repetitions)
      }
      guard let end = ContainerRecipe.end(of: step, at: position), end <= UInt64(contentSize) else {
        throw ParseError(.invalidValue, at: offset)
      }
      steps.append(step)
      position = end
    }
    try cursor.requireEnd()
  }

  /// Seven bits a byte, least significant first; the top bit says that more follow.
  static func append(_ value: UInt32, to bytes: inout [UInt8]) {
    var rest = value
    while rest > 0x7f {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  /// Reads what ``append(_:to:)`` writes.
  static func readNumber(_ cursor: inout ByteCursor) throws(ParseError) -> UInt32 {
    let offset = cursor.offset
    var value: UInt64 = 0
    for index in 0..<5 {
      let byte = try cursor.readByte()
      value |= UInt64(byte & 0x7f) << UInt64(7 * index)
      guard byte & 0x80 == 0 else { continue }
      guard byte != 0 || index == 0 else { throw ParseError(.notCanonical, at: offset) }
      guard let number = UInt32(exactly: value) else { throw ParseError(.invalidValue, at: offset) }
      return number
    }
    throw ParseError(.invalidValue, at: offset)
  }
}
