public import OTACore

/// Why a procedure ended without success.
public enum SUITProcessingError: Error, Equatable, Sendable {
  /// A rule of processing that a manifest breaks.
  public enum Rule: UInt8, Sendable {
    /// With several components each sequence begins with set-component-index (section 6.2).
    case sequenceSelectsNothing
    /// Soft failure is set outside of try-each and run-sequence (section 8.4.8.13).
    case softFailureOutside
    /// A sequence that may run beside others chooses its component itself, or does not (section 6.7).
    case selectionInParallel
    /// A component is written and read without an order (section 6.7).
    case unordered
    /// A dependency is processed in the shared sequence (trust-domains, section 4.6.2).
    case dependencyInShared
    /// A component is processed as a dependency, and is none.
    case notDependency
    /// A dependency is used before its integrity was checked.
    case dependencyNotChecked
    /// A dependency has a section that its dependent does not run (trust-domains, section 4.1).
    case dependencyNotProcessed
    /// A dependency is older than the platform accepts.
    case dependencyTooOld
    /// The URI names a payload that is not in the envelope.
    case payloadMissing
    /// Who signed the manifest may not use the command on the component.
    case notPermitted
  }

  /// What there was too much of.
  public enum Limit: UInt8, Sendable {
    /// Commands that are run.
    case steps
    /// Sequences within sequences.
    case nesting
    /// Components, in one manifest or in all together.
    case components
    /// Manifests: the first one and its dependencies.
    case manifests
    /// Dependencies of dependencies.
    case dependencyDepth
    /// Memory for the envelopes of dependencies.
    case memory
  }

  /// The manifest is not well-formed, not authentic, or says what can not be processed.
  case manifest(ManifestError)
  /// A condition does not hold, in a sequence whose failure is the end; the number is its code.
  case conditionFailed(Int64)
  /// The platform could not carry out a command; the number is its code.
  case platform(command: Int64, SUITPlatformFailure)
  /// A rule of processing is broken by a command; the number is its code, or 0.
  case rule(Rule, command: Int64)
  /// Something is over a limit of the processor.
  case limitExceeded(Limit)

  /// The stable number of this error.
  public var code: ErrorCode {
    switch self {
    case .manifest(let error): error.code
    case .conditionFailed(SUITCode.vendorIdentifier): .vendorMismatch
    case .conditionFailed(SUITCode.classIdentifier): .classMismatch
    case .conditionFailed(SUITCode.deviceIdentifier): .deviceMismatch
    case .conditionFailed(SUITCode.imageMatch): .imageDigestMismatch
    case .conditionFailed(SUITCode.version): .requiredVersionMissing
    case .conditionFailed: .manifestConditionFailed
    case .platform(_, let failure): failure.code
    case .rule(let rule, _):
      switch rule {
      case .notDependency, .dependencyNotChecked, .dependencyNotProcessed, .dependencyInShared:
        .dependencyMissing
      case .dependencyTooOld: .sequenceNumberReplayed
      case .notPermitted: .keyNotAuthorized
      case .payloadMissing: .manifestMissingParameter
      case .sequenceSelectsNothing, .softFailureOutside, .selectionInParallel, .unordered: .manifestRuleBroken
      }
    case .limitExceeded: .limitExceeded
    }
  }
}

/// Why a sequence ends.
enum SUITStop: Error {
  /// A condition does not hold, perhaps because a parameter is not set: the enclosing sequence may go on.
  case condition(Int64, missing: Int64?)
  /// Nothing goes on.
  case failed(SUITProcessingError)
  /// An invoked component runs when the procedure is left.
  case transferred

  static func refused(_ error: ManifestError) -> SUITStop { .failed(.manifest(error)) }

  static func broken(_ rule: SUITProcessingError.Rule, by command: Int64) -> SUITStop {
    .failed(.rule(rule, command: command))
  }
}

/// Runs what throws errors of this module, as a part of processing.
func processing<Result>(_ body: () throws(ManifestError) -> Result) throws(SUITStop) -> Result {
  do throws(ManifestError) { return try body() } catch { throw .refused(error) }
}
