import OTACore

/// A test that a manifest asks for; the raw value is its code.
///
/// - Note: Source: draft-ietf-suit-manifest-37, section 8.4.9; draft-ietf-suit-trust-domains-11, section 4.6 (7 and 8);
///   draft-ietf-suit-update-management, section 5 (25 and 28).
public enum SUITCondition: Int64, Sendable, CaseIterable {
  /// The vendor is the one of the parameter.
  case vendorIdentifier = 1
  /// The class is the one of the parameter.
  case classIdentifier = 2
  /// The component has the digest of the parameter.
  case imageMatch = 3
  /// The slot is the one of the parameter.
  case componentSlot = 5
  /// The component has the content of the parameter.
  case checkContent = 6
  /// The dependency is signed, and its manifest has the digest of the parameter.
  case dependencyIntegrity = 7
  /// The component is a dependency.
  case isDependency = 8
  /// Always fails.
  case abort = 14
  /// The device is the one of the parameter.
  case deviceIdentifier = 24
  /// The component has not the digest of the parameter.
  case imageNotMatch = 25
  /// The component's version compares with that of the parameter as it says.
  case version = 28
}

/// An action without arguments that a manifest asks for; the raw value is its code.
///
/// - Note: Source: draft-ietf-suit-manifest-37, section 8.4.10; draft-ietf-suit-trust-domains-11, section 4.6 (11 and 33).
public enum SUITDirective: Int64, Sendable, CaseIterable {
  /// Run the section of the dependency that runs here.
  case processDependency = 11
  /// Write the content of the parameter.
  case write = 18
  /// Get the component from the URI of the parameter.
  case fetch = 21
  /// Get the component from the source component of the parameter.
  case copy = 22
  /// Run the component.
  case invoke = 23
  /// Exchange the component and the source component of the parameter.
  case swap = 31
  /// Say that the component is not needed any more.
  case unlink = 33
}

/// The components that the following commands are for.
///
/// - Note: Source: draft-ietf-suit-manifest-37, section 8.4.10.1.
public enum SUITComponentIndex: Equatable, Sendable {
  /// One component, by its place in the list.
  case index(UInt64)
  /// All components.
  case all
  /// Some components.
  case list([UInt64])
}

/// One command of a sequence.
///
/// The reporting policy behind conditions and directives is a hint, checked for its range and then dropped.
///
/// - Note: Source: draft-ietf-suit-manifest-37, sections 8.4.6, 8.4.9 and 8.4.10.
public enum SUITCommand: Equatable, Sendable {
  /// A test.
  case condition(SUITCondition)
  /// An action without arguments.
  case directive(SUITDirective)
  /// Choose the components for what follows.
  case setComponentIndex(SUITComponentIndex)
  /// Set parameters of the chosen components.
  case overrideParameters(SUITParameters)
  /// Run sequences until one succeeds; an empty one stands for `nil`, which always succeeds.
  case tryEach([[SUITCommand]])
  /// Run a sequence.
  case runSequence([SUITCommand])
  /// A command for private use, with its argument still encoded.
  case custom(Int64, argument: [UInt8])

  /// The code of the command.
  public var code: Int64 {
    switch self {
    case .condition(let condition): condition.rawValue
    case .directive(let directive): directive.rawValue
    case .setComponentIndex: SUITCode.setComponentIndex
    case .overrideParameters: SUITCode.overrideParameters
    case .tryEach: SUITCode.tryEach
    case .runSequence: SUITCode.runSequence
    case .custom(let code, _): code
    }
  }
}

extension SUITCommand {
  /// Parses a command sequence that fills a range of the document.
  static func sequence(
    parsing range: Range<Int>, of document: Span<UInt8>, limits: Limits, depth: Int
  ) throws(ManifestError) -> [SUITCommand] {
    guard depth > 0 else { throw .malformed(ParseError(.limitExceeded, at: range.lowerBound)) }
    var reader = CBORReader(document.extracting(range), limits: limits, origin: range.lowerBound)
    let count = try readArrayHeader(&reader)
    guard count > 0, count % 2 == 0 else { throw .malformed(ParseError(.invalidValue, at: range.lowerBound)) }
    var commands: [SUITCommand] = []
    for _ in 0..<count / 2 {
      commands.append(try SUITCommand(parsing: &reader, of: document, limits: limits, depth: depth))
    }
    try requireEnd(reader)
    return commands
  }

  private init(
    parsing reader: inout CBORReader, of document: Span<UInt8>, limits: Limits, depth: Int
  ) throws(ManifestError) {
    let code = try readInteger(&reader)
    if let condition = SUITCondition(rawValue: code) {
      try SUITCommand.skipReportingPolicy(&reader)
      self = .condition(condition)
      return
    }
    if let directive = SUITDirective(rawValue: code) {
      try SUITCommand.skipReportingPolicy(&reader)
      self = .directive(directive)
      return
    }
    switch code {
    case SUITCode.setComponentIndex:
      self = .setComponentIndex(try SUITComponentIndex(parsing: &reader))
    case SUITCode.overrideParameters:
      self = .overrideParameters(try SUITParameters(parsing: &reader, of: document, limits: limits))
    case SUITCode.tryEach:
      self = .tryEach(
        try SUITCommand.alternatives(parsing: &reader, of: document, limits: limits, depth: depth))
    case SUITCode.runSequence:
      let range = try readByteStringRange(&reader)
      self = .runSequence(
        try SUITCommand.sequence(parsing: range, of: document, limits: limits, depth: depth - 1))
    case ..<SUITCode.lastRegistered:
      self = .custom(code, argument: try readArgument(&reader))
    default:
      throw .unsupportedCommand(code)
    }
  }

  private static func alternatives(
    parsing reader: inout CBORReader, of document: Span<UInt8>, limits: Limits, depth: Int
  ) throws(ManifestError) -> [[SUITCommand]] {
    let start = reader.offset
    let count = try readArrayHeader(&reader)
    guard count >= 2 else { throw .malformed(ParseError(.invalidValue, at: start)) }
    var alternatives: [[SUITCommand]] = []
    for index in 0..<count {
      // Two sequences at least, then one nil at most.
      if index >= 2, index == count - 1, reader.isNextNull() {
        try readNull(&reader)
        alternatives.append([])
      } else {
        let range = try readByteStringRange(&reader)
        alternatives.append(try sequence(parsing: range, of: document, limits: limits, depth: depth - 1))
      }
    }
    return alternatives
  }

  /// Four bits: draft-ietf-suit-manifest-37, section 8.4.7.
  private static func skipReportingPolicy(_ reader: inout CBORReader) throws(ManifestError) {
    let offset = reader.offset
    guard try readUnsigned(&reader) <= 15 else { throw .malformed(ParseError(.invalidValue, at: offset)) }
  }
}

extension SUITComponentIndex {
  init(parsing reader: inout CBORReader) throws(ManifestError) {
    let start = reader.offset
    switch reader.peekType() {
    case .simple:
      guard try readBool(&reader) else { throw .malformed(ParseError(.invalidValue, at: start)) }
      self = .all
    case .array:
      let count = try readArrayHeader(&reader)
      guard count > 0 else { throw .malformed(ParseError(.invalidValue, at: start)) }
      var indices: [UInt64] = []
      for _ in 0..<count { indices.append(try readUnsigned(&reader)) }
      self = .list(indices)
    default:
      self = .index(try readUnsigned(&reader))
    }
  }
}

/// Consumes the argument of something for private use, as encoded: an integer, a Boolean, a string or nil.
///
/// Its length is bounded by the envelope; strings inside are held against `Limits.stringSize` when they are read.
func readArgument(_ reader: inout CBORReader) throws(ManifestError) -> [UInt8] {
  let start = reader.offset
  switch reader.peekType() {
  case .array, .map, .tag: throw .malformed(ParseError(.invalidValue, at: start))
  default: break
  }
  do throws(ParseError) {
    let item = try reader.readItem()
    var bytes: [UInt8] = []
    for index in 0..<item.count { bytes.append(item[index]) }
    return bytes
  } catch {
    throw .malformed(error)
  }
}
