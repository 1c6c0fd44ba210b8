/// Temperatures of the thermistor, from the samples of the converter.
enum Thermistor {
  /// Hundredths of a degree Celsius at every 64th count, for 10 kOhm at 25 degrees with B = 3950 and a pull-up of
  /// 10 kOhm.
  private static let table: InlineArray<65, Int16> = [
    15_000, 15_000, 12_932, 11_274, 10_160, 9326, 8661, 8107, 7633, 7218,
    6849, 6515, 6211, 5930, 5669, 5425, 5196, 4979, 4772, 4575,
    4387, 4205, 4030, 3860, 3696, 3536, 3379, 3226, 3077, 2929,
    2784, 2641, 2500, 2360, 2221, 2083, 1945, 1807, 1670, 1532,
    1393, 1253, 1113, 970, 825, 678, 528, 375, 217, 54,
    -114, -288, -471, -663, -867, -1084, -1318, -1575, -1859, -2182,
    -2560, -3023, -3637, -4603, -5500,
  ]

  /// The temperature at a sample, interpolated, in hundredths of a degree Celsius.
  static func hundredths(at sample: Int32) -> Int32 {
    let bounded = min(max(sample, 0), 4095)
    let index = Int(bounded / 64)
    let low = Int32(table[index])
    let high = Int32(table[index + 1])
    return low + (high - low) * (bounded % 64) / 64
  }
}
