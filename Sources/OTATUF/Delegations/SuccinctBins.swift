/// Many roles with the same keys, each of which answers for the targets whose paths hash into its bin.
///
/// - Note: Source: TAP 15.
struct SuccinctBins: Sendable {
  private let keys: RoleKeys
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
    let bin = String(UInt64(first) >> UInt64(32 - bitLength), radix: 16)
    // As many digits as the highest number has.
    let digits = (bitLength + 3) / 4
    let name = "-" + String(repeating: "0", count: digits - bin.utf8.count) + bin
    return Delegations.Delegate(
      name: UTF8Text(bytes: namePrefix.bytes + Array(name.utf8)), keys: keys, isTerminating: true)
  }
}
