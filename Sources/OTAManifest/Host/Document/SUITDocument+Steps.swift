#if !hasFeature(Embedded)

extension SUITDocument {
  /// One command with its argument.
  ///
  /// - Note: Source: draft-ietf-suit-manifest-37, sections 8.4.6, 8.4.9 and 8.4.10.
  public struct Step: Equatable, Sendable {
    /// What stands behind the code of a command.
    public enum Argument: Equatable, Sendable {
      /// What to report: four bits.
      case reporting(UInt64)
      /// Which components the following commands are for.
      case components(SUITComponentIndex)
      /// Parameters.
      case parameters([Parameter])
      /// Sequences to try; `nil` always succeeds.
      case alternatives([[Step]?])
      /// A sequence.
      case sequence([Step])
      /// Anything else, encoded.
      case encoded([UInt8])
    }

    /// The code of the command.
    public var code: Int64
    /// Its argument.
    public var argument: Argument

    /// Makes a command from its parts.
    public init(_ code: Int64, _ argument: Argument) {
      self.code = code
      self.argument = argument
    }

    /// Chooses one component for the following commands.
    public static func select(_ index: UInt64) -> Step {
      Step(SUITCode.setComponentIndex, .components(.index(index)))
    }

    /// Sets parameters.
    public static func override(_ parameters: [Parameter]) -> Step {
      Step(SUITCode.overrideParameters, .parameters(parameters))
    }

    /// A test.
    public static func condition(_ condition: SUITCondition, reporting: UInt64 = 15) -> Step {
      Step(condition.rawValue, .reporting(reporting))
    }

    /// An action without arguments.
    public static func directive(_ directive: SUITDirective, reporting: UInt64 = 2) -> Step {
      Step(directive.rawValue, .reporting(reporting))
    }

    /// Runs sequences until one succeeds.
    public static func tryEach(_ alternatives: [[Step]?]) -> Step {
      Step(SUITCode.tryEach, .alternatives(alternatives))
    }

    /// Runs a sequence.
    public static func run(_ steps: [Step]) -> Step {
      Step(SUITCode.runSequence, .sequence(steps))
    }
  }

  /// A parameter with its value.
  ///
  /// - Note: Source: draft-ietf-suit-manifest-37, section 8.4.8.
  public struct Parameter: Equatable, Sendable {
    /// The value; which kind it is follows from the key.
    public enum Value: Equatable, Sendable {
      /// A number from 0 on.
      case unsigned(UInt64)
      /// Yes or no.
      case bool(Bool)
      /// Text.
      case text(String)
      /// Bytes, among them identifiers.
      case bytes([UInt8])
      /// A digest.
      case digest(DigestValue)
      /// A version and how to compare with it: 1 greater, 2 not lower, 3 equal, 4 not greater, 5 lower.
      case version(comparison: UInt64, [Int64])
      /// Anything else, encoded.
      case encoded([UInt8])
    }

    /// The key.
    public var key: Int64
    /// The value.
    public var value: Value

    /// Makes a parameter from its parts.
    public init(_ key: Int64, _ value: Value) {
      self.key = key
      self.value = value
    }
  }
}
#endif
