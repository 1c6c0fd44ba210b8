import CP11Kit

/// The search for a token.
enum PKCS11Slots {
  /// A slot with the token that was asked for.
  struct Slot {
    var number: UInt
    var flags: UInt
  }

  /// The most slots that are looked at.
  private static let limit = 1024

  /// Finds the one slot with a token of this name.
  static func find(_ uri: PKCS11URI, in module: PKCS11Module) throws(PKCS11Error) -> Slot {
    guard let functions = unsafe module.functions, let list = unsafe functions.pointee.C_GetSlotList,
      let describe = unsafe functions.pointee.C_GetTokenInfo
    else { throw .moduleUnavailable }
    var numbers = [UInt](repeating: 0, count: limit)
    var count = UInt(limit)
    guard unsafe list(1, &numbers, &count) == CKR_OK, count <= UInt(limit) else { throw .tokenFailed }
    var found: Slot?
    for number in numbers.prefix(Int(count)) {
      var token = ck_token_info()
      // A token that does not answer is none; another one may be meant.
      guard unsafe describe(number, &token) == CKR_OK, matches(uri, number, token) else { continue }
      guard found == nil else { throw .tokenAmbiguous }
      found = Slot(number: number, flags: token.flags)
    }
    guard let found else { throw .tokenMissing }
    return found
  }

  private static func matches(_ uri: PKCS11URI, _ number: UInt, _ token: ck_token_info) -> Bool {
    var token = token
    guard token.flags & CKF_TOKEN_INITIALIZED != 0, uri.slot == nil || uri.slot == number else {
      return false
    }
    let label = unsafe withUnsafeBytes(of: &token.label) { unsafe Array($0) }
    let serial = unsafe withUnsafeBytes(of: &token.serial_number) { unsafe Array($0) }
    let manufacturer = unsafe withUnsafeBytes(of: &token.manufacturer_id) { unsafe Array($0) }
    let model = unsafe withUnsafeBytes(of: &token.model) { unsafe Array($0) }
    return isText(uri.token, label) && isText(uri.serial, serial) && isText(uri.manufacturer, manufacturer)
      && isText(uri.model, model)
  }

  /// Whether a field, filled up with blanks, is what was asked for, if anything was.
  private static func isText(_ wanted: String?, _ field: [UInt8]) -> Bool {
    guard let wanted else { return true }
    let end = field.lastIndex { $0 != 0x20 && $0 != 0 }.map { $0 + 1 } ?? 0
    return field[..<end].elementsEqual(wanted.utf8)
  }
}
