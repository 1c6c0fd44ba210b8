public import OTACore

/// Where the golden image is, and who vouches for it.
///
/// The golden image is what boots when nothing else does. It is in a range of its own, which is in no layout, so that no
/// code of this library writes there: the factory does, and best protects it against writing afterwards.
///
/// The security counter does not hold for it: it must boot when the journal that has the counter is gone, and it is as
/// old as the device. It must therefore be able to recover only. See Docs/ThreatModel.md.
public struct RecoveryPartition<Authority: ImageAuthority>: Sendable where Authority: Sendable {
  /// Its bytes, from the start of the device on.
  public let range: Range<UInt32>
  let authority: Authority

  /// Takes a range.
  ///
  /// - Parameters:
  ///   - range: where the golden image is; borders of units of reading.
  ///   - authority: who vouches for it.
  public init(_ range: Range<UInt32>, authority: Authority) {
    self.range = range
    self.authority = authority
  }

  /// Refuses a layout that could write to the golden image.
  ///
  /// - Throws: ``LayoutError/overlap``.
  public func requireApart(from layout: DeviceLayout) throws(LayoutError) {
    if layout.overlaps(range) { throw .overlap }
  }
}

/// The golden image is to boot, and was verified just now.
public struct RecoveryDecision: Equatable, Sendable {
  /// What to jump to.
  public var image: AuthenticImage
  /// Why nothing else boots.
  public var cause: ErrorCode
  /// The lowest sequence number that may be installed; `nil` if the journal cannot say so any more.
  public var securityCounter: SequenceNumber?

  /// Makes a decision from its parts.
  public init(image: AuthenticImage, cause: ErrorCode, securityCounter: SequenceNumber? = nil) {
    self.image = image
    self.cause = cause
    self.securityCounter = securityCounter
  }
}

/// Why a start led to nothing.
public enum StartError: Error, Equatable, Sendable {
  /// No slot boots, for the first reason, and the golden image does not either, for the second.
  case nothingBoots(ErrorCode, recovery: AuthorityError)
  /// The image that is to boot cannot be measured any more, so it does not boot.
  case measurement(MeasurementError)
  /// The power went, in a simulation; start again.
  case powerLost

  /// The stable number of this error.
  public var code: ErrorCode {
    switch self {
    case .nothingBoots: .noBootableImage
    case .measurement(let error): error.code
    case .powerLost: .flashPowerLost
    }
  }
}
