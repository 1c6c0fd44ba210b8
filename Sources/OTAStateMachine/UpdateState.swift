public import OTACore

/// Where a device is in the life of an update.
///
/// `idle` and `error` are the states of rest: from every other one the machine reaches one of them when power and
/// network are back. The picture is in Docs/FormalModel.md.
public enum UpdateState: Equatable, Sendable {
  /// Nothing is going on.
  ///
  /// Next: checking.
  case idle
  /// The server was asked for an update, and the manifest of an offer is being verified.
  ///
  /// Next: idle, offered, reporting, error.
  case checking
  /// A verified manifest waits for policy or consent.
  ///
  /// Next: downloading, reporting.
  case offered(Offer)
  /// The payload arrives, and the image is made from it in the inactive slot.
  ///
  /// Next: verifying, reporting, error.
  case downloading(Offer, interruptions: UInt8)
  /// The whole image is in the inactive slot and is held against its digest.
  ///
  /// Next: readyToApply, reporting.
  case verifying(Offer)
  /// A verified image waits for leave to restart the device.
  ///
  /// Next: applying, reporting.
  case readyToApply(Offer)
  /// The new image is being selected for trial; the device restarts.
  ///
  /// Next: trial, reporting.
  case applying(Offer)
  /// The new image runs, and has to prove itself.
  ///
  /// Next: reporting, rollingBack.
  case trial(Offer)
  /// The old image is being selected again; the device restarts.
  ///
  /// Next: reporting.
  case rollingBack(Offer, ErrorCode)
  /// The outcome waits for the server to accept it.
  ///
  /// Next: idle, error.
  case reporting(Report)
  /// The last attempt ended with this error, which was reported or concerned the way to the server.
  ///
  /// Next: checking.
  case error(ErrorCode)
}

extension UpdateState {
  /// The name of the state as the design has it, without what it carries; for status displays and telemetry.
  public var name: StaticString {
    switch self {
    case .idle: "idle"
    case .checking: "checking"
    case .offered: "offered"
    case .downloading: "downloading"
    case .verifying: "verifying"
    case .readyToApply: "readyToApply"
    case .applying: "applying"
    case .trial: "trial"
    case .rollingBack: "rollingBack"
    case .reporting: "reporting"
    case .error: "error"
    }
  }
}
