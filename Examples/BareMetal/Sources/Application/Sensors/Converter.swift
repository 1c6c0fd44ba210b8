/// The analogue converter: the board of the example has none, so it is a deterministic model of a thermistor in a
/// room that warms up, with noise and a spike now and then.
struct Converter {
  private var random: UInt32 = 0x2545_f491
  private var tick: UInt32 = 0
  private var heat: Int32 = 0

  /// Takes the drive of the heater, 0 to 1000, into account for what is read next.
  mutating func drive(_ value: Int32) {
    heat += (value * 8 - heat) / 64
  }

  /// The next sample, 0 to 4095: high is cold.
  mutating func read() -> Int32 {
    random ^= random << 13
    random ^= random >> 17
    random ^= random << 5
    tick += 1
    let noise = Int32(random % 17) - 8
    let drift = Int32(tick / 32 % 64)
    let value = 2700 - heat / 5 - drift + noise
    if random % 97 == 0 { return 4095 }
    return min(max(value, 0), 4095)
  }
}
