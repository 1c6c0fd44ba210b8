/// The work of the device: measure, filter, regulate.
struct Station {
  private var converter = Converter()
  private var median = MedianFilter()
  private var lowPass = LowPassFilter()
  private(set) var statistics = Statistics()
  private(set) var temperature: Int32 = 0
  private(set) var drive: Int32 = 0
  private(set) var ticks: UInt32 = 0
  var regulator = Regulator()
  #if Diagnostics
  var diagnostics = Diagnostics()
  #endif

  /// One period of the control loop.
  mutating func step() {
    let sample = converter.read()
    #if Diagnostics
    diagnostics.push(sample)
    #endif
    temperature = Thermistor.hundredths(at: lowPass.push(median.push(sample)))
    // The filters start at zero; what they say before they have settled is no measurement.
    if ticks >= 64 {
      statistics.push(temperature)
      drive = regulator.step(measured: temperature)
      converter.drive(drive)
    }
    ticks &+= 1
  }
}
