/// Points in time as metadata writes them.
enum DateTime {
  /// Reads `YYYY-MM-DDTHH:MM:SSZ`.
  ///
  /// - Returns: the seconds since 1970-01-01T00:00:00Z; `nil` for every other form, and for days that no calendar has.
  ///
  /// - Note: Source: TUF specification 1.0, section 4.2.3.
  static func seconds(of text: UTF8Text) -> Int64? {
    let bytes = text.bytes
    guard bytes.count == 20 else { return nil }
    let punctuation: [(index: Int, byte: UInt8)] = [
      (4, UInt8(ascii: "-")), (7, UInt8(ascii: "-")), (10, UInt8(ascii: "T")), (13, UInt8(ascii: ":")),
      (16, UInt8(ascii: ":")), (19, UInt8(ascii: "Z")),
    ]
    for (index, byte) in punctuation where bytes[index] != byte { return nil }
    guard let year = number(bytes[0..<4]), let month = number(bytes[5..<7]), let day = number(bytes[8..<10]),
      let hour = number(bytes[11..<13]), let minute = number(bytes[14..<16]),
      let second = number(bytes[17..<19])
    else { return nil }
    guard (1...12).contains(month), day >= 1, day <= length(ofMonth: month, year: year), hour < 24,
      minute < 60, second < 60
    else { return nil }
    return days(year: year, month: month, day: day) * 86_400 + hour * 3600 + minute * 60 + second
  }

  /// Writes a point in time in the one form.
  ///
  /// - Returns: `nil` for years that do not have four digits.
  static func text(ofSeconds seconds: Int64) -> String? {
    guard seconds >= -62_167_219_200, seconds <= 253_402_300_799 else { return nil }
    let day = (seconds >= 0 ? seconds : seconds - 86_399) / 86_400
    let time = seconds - day * 86_400
    // Not above the year that it is, since no year is longer than this; at most a few below.
    var year = max(0, 1970 + (day >= 0 ? day / 366 : (day - 364) / 365))
    while days(year: year + 1, month: 1, day: 1) <= day { year += 1 }
    var rest = day - days(year: year, month: 1, day: 1)
    var month: Int64 = 1
    while rest >= length(ofMonth: month, year: year) {
      rest -= length(ofMonth: month, year: year)
      month += 1
    }
    func digits(_ value: Int64, _ count: Int) -> String {
      let text = String(value)
      return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
    }
    let date = "\(digits(year, 4))-\(digits(month, 2))-\(digits(rest + 1, 2))"
    return "\(date)T\(digits(time / 3600, 2)):\(digits(time / 60 % 60, 2)):\(digits(time % 60, 2))Z"
  }

  private static func number(_ digits: ArraySlice<UInt8>) -> Int64? {
    var value: Int64 = 0
    for digit in digits {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
      value = value * 10 + Int64(digit - UInt8(ascii: "0"))
    }
    return value
  }

  private static func isLeap(_ year: Int64) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

  private static func length(ofMonth month: Int64, year: Int64) -> Int64 {
    switch month {
    case 2: isLeap(year) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  /// Days since 1970-01-01 in the Gregorian calendar; before it below zero.
  private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
    // Days before a year, counted from the year 0.
    func daysBefore(_ year: Int64) -> Int64 {
      year * 365 + (year + 3) / 4 - (year + 99) / 100 + (year + 399) / 400
    }
    var days = daysBefore(year) - daysBefore(1970) + day - 1
    for earlier in 1..<month { days += length(ofMonth: earlier, year: year) }
    return days
  }
}
