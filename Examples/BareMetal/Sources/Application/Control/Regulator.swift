/// A proportional, integral and derivative controller in fixed point, 8 bits behind the point of each gain.
struct Regulator {
  /// What the temperature shall be, in hundredths of a degree.
  var setpoint: Int32 = 4500
  private(set) var proportional: Int32 = 96
  private(set) var integral: Int32 = 3
  private(set) var derivative: Int32 = 40
  private var accumulated: Int32 = 0
  private var previous: Int32?

  mutating func setGains(proportional: Int32, integral: Int32, derivative: Int32) {
    self.proportional = proportional
    self.integral = integral
    self.derivative = derivative
    accumulated = 0
    previous = nil
  }

  /// The drive of the heater, 0 to 1000, for a measured temperature.
  mutating func step(measured: Int32) -> Int32 {
    #if Faulty
    let error = min(max(measured - setpoint, -10_000), 10_000)
    #else
    let error = min(max(setpoint - measured, -10_000), 10_000)
    #endif
    let slope = previous.map { min(max(measured - $0, -10_000), 10_000) } ?? 0
    previous = measured
    let candidate = min(max(accumulated + error, -1_000_000), 1_000_000)
    let sum =
      Int64(proportional) * Int64(error) + (Int64(integral) * Int64(candidate)) >> 4
      - Int64(derivative) * Int64(slope)
    let drive = Int32(clamping: sum >> 8)
    // The integral stands still while the drive is at its end, or it would overshoot.
    if drive >= 0, drive <= 1000 { accumulated = candidate }
    return min(max(drive, 0), 1000)
  }
}
