public import OTAFlashSimulator

extension TornOutcome {
  /// A word for it: `done`, `prefix3`, `randomBits-1f`, `partial0-8f3a11c2`; the number is that of units, what follows
  /// the hyphen the seed in hexadecimal.
  public var text: String {
    switch self {
    case .notDone: "notDone"
    case .done: "done"
    case .unseen: "unseen"
    case .prefix(let units): "prefix\(units)"
    case .randomBits(let seed): "randomBits-\(String(seed, radix: 16))"
    case .partial(let units, let seed): "partial\(units)-\(String(seed, radix: 16))"
    case .unstable(let units): "unstable\(units)"
    case .marginal(let units, let seed): "marginal\(units)-\(String(seed, radix: 16))"
    case .faint(let units, let seed): "faint\(units)-\(String(seed, radix: 16))"
    }
  }

  /// Reads what ``text`` gives; `nil` for any other word, and for a number or a seed too many, too few or too large.
  ///
  /// - Parameter text: one word.
  public init?(text: some StringProtocol) {
    let name = text.prefix { $0.isASCII && $0.isLetter }
    let rest = text[name.endIndex...]
    let digits = rest.prefix { $0.isASCII && $0.isNumber }
    let seed = rest[digits.endIndex...]
    let count = digits.isEmpty ? nil : Int(digits)
    guard digits.isEmpty == (count == nil), seed.isEmpty || seed.first == "-" else { return nil }
    let number = UInt64(seed.dropFirst(), radix: 16)
    // A sign would be read as part of the number.
    guard seed.isEmpty == (number == nil), seed.dropFirst().allSatisfy(\.isHexDigit) else { return nil }
    switch (String(name), count, number) {
    case ("notDone", nil, nil): self = .notDone
    case ("done", nil, nil): self = .done
    case ("unseen", nil, nil): self = .unseen
    case ("prefix", let units?, nil): self = .prefix(units: units)
    case ("unstable", let units?, nil): self = .unstable(after: units)
    case ("randomBits", nil, let seed?): self = .randomBits(seed: seed)
    case ("partial", let units?, let seed?): self = .partial(after: units, seed: seed)
    case ("marginal", let units?, let seed?): self = .marginal(after: units, seed: seed)
    case ("faint", let units?, let seed?): self = .faint(after: units, seed: seed)
    case (_, _, _): return nil
    }
  }
}
