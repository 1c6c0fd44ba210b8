public import OTACore

/// The one thing that the driver has to do next: the output of the machine.
///
/// The driver does it and feeds the result back as an ``UpdateEvent``.
public enum UpdateAction: Equatable, Sendable {
  /// The event means nothing in this state; nothing changed.
  case ignore
  /// Wait for the next event from outside.
  case wait
  /// Ask the server, and verify the manifest of what it offers.
  case check
  /// Ask policy whether this update shall be installed.
  case askToInstall(Offer)
  /// Get the payload and make the image, from where that was left.
  case download(Offer)
  /// The same, after a pause that grows with the number of interruptions without progress.
  case resumeDownload(Offer, interruptions: UInt8)
  /// Hold the image in the slot against the manifest.
  case verifyImage(Offer)
  /// Ask policy whether the device may restart.
  case askToApply(Offer)
  /// Select the verified image for trial, in one durable record.
  case activate(Offer)
  /// Restart the device.
  case restart
  /// Find out whether the running image is healthy.
  case checkHealth(Offer)
  /// Confirm the running image and raise the security counter, in one durable record.
  case confirm
  /// Select the previous image again, in one durable record.
  case revert(ErrorCode)
  /// Send a report to the server.
  case report(Report)
}
