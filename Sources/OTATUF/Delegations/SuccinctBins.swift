/// Many roles with the same keys, each of which answers for the targets whose paths hash into its bin.
///
/// - Note: Source: TAP 15.
struct SuccinctBins: Sendable {
  let keys: RoleKeys
  private let bitLength: Int
  private let namePrefix: UTF8Text

  init(_ object: JSONObject, among keys: [UTF8Text: TUFKey]) throws(MetadataFault) {
    self.keys = try RoleKeys(object, among: keys)
    let bits = try object.integer("bit_length", atLeast: 1)
    guard bits <= 32 else { throw .field("bit_length") }
    bitLength = Int(bits)
    namePrefix = try object.string("name_prefix")
    guard Delegations.isUsableName(namePrefix) else { throw .field("name_prefix") }
  }

  /// The one role that answers for a target; nobody is asked behind it.
  func delegate(for target: TargetPath) -> Delegations.Delegate {
    var first: UInt32 = 0
    for byte in target.digest.prefix(4) { first = first << 8 | UInt32(byte) }
    return Delegations.Delegate(
      name: name(ofBin: UInt64(first) >> UInt64(32 - bitLength)), keys: keys, isTerminating: true)
  }

  /// The names of all bins, in order.
  var names: [UTF8Text] { (0..<(UInt64(1) << UInt64(bitLength))).map { name(ofBin: $0) } }

  /// Whether this is the name of a bin.
  func contains(_ name: UTF8Text) -> Bool {
    let digits = String(decoding: name.bytes.dropFirst(namePrefix.bytes.count + 1), as: UTF8.self)
    guard let number = UInt64(digits, radix: 16), number < UInt64(1) << UInt64(bitLength) else {
      return false
    }
    return self.name(ofBin: number) == name
  }

  private func name(ofBin number: UInt64) -> UTF8Text {
    let bin = String(number, radix: 16)
    // As many digits as the highest number has.
    let digits = (bitLength + 3) / 4
    let suffix = "-" + String(repeating: "0", count: digits - bin.utf8.count) + bin
    return UTF8Text(bytes: namePrefix.bytes + Array(suffix.utf8))
  }
}
