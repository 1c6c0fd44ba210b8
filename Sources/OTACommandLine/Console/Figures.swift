/// A number with its thousands apart, as people read it.
func grouped(_ number: Int) -> String {
  var digits = String(number.magnitude)
  var groups: [String] = []
  while digits.count > 3 {
    groups.insert(String(digits.suffix(3)), at: 0)
    digits.removeLast(3)
  }
  groups.insert(digits, at: 0)
  return (number < 0 ? "-" : "") + groups.joined(separator: ",")
}

/// A part of a whole in per cent, with one digit behind the point; `nil` if the whole is nothing.
func percentage(_ part: Int, of whole: Int) -> String? {
  guard whole > 0 else { return nil }
  let tenths = (Double(part) / Double(whole) * 1000).rounded()
  return "\(Int(tenths) / 10).\(Int(tenths) % 10) %"
}
