import CP11Kit

/// What a token says about a private key.
enum PKCS11KeyKind: UInt8, Sendable {
  case ed25519
  case p256
  case p384
  case rsa
}

/// The search for objects in a session, and their attributes.
struct PKCS11Objects {
  let module: PKCS11Module
  let session: UInt

  /// The longest attribute that is read, in bytes.
  private static let limit = 4096

  /// Finds the one private key of this name.
  func privateKey(_ uri: PKCS11URI) throws(PKCS11Error) -> UInt {
    var attributes: [(type: UInt, value: [UInt8])] = []
    if let label = uri.object { attributes.append((CKA_LABEL, Array(label.utf8))) }
    if let identifier = uri.identifier, !identifier.isEmpty { attributes.append((CKA_ID, identifier)) }
    let found = try find(CKO_PRIVATE_KEY, attributes)
    guard let key = found.first else { throw .keyMissing }
    guard found.count == 1 else { throw .keyAmbiguous }
    return key
  }

  /// What kind of key it is; only those that may sign are supported.
  func kind(of key: UInt) throws(PKCS11Error) -> PKCS11KeyKind {
    guard let type = number(CKA_KEY_TYPE, of: key), flag(CKA_SIGN, of: key) else { throw .unsupportedKey }
    switch type {
    case CKK_RSA: return .rsa
    case CKK_EC, CKK_EC_EDWARDS:
      // The object identifiers of RFC 5480, section 2.1.1.1, and RFC 8410, section 3; or, as PKCS #11 3.0 allows it for
      // the latter, the name as a PrintableString.
      let p256: [UInt8] = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07]
      let p384: [UInt8] = [0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22]
      let ed25519: [UInt8] = [0x06, 0x03, 0x2b, 0x65, 0x70]
      let parameters = value(CKA_EC_PARAMS, of: key)
      if type == CKK_EC_EDWARDS {
        guard parameters == ed25519 || parameters == [0x13, 12] + Array("edwards25519".utf8) else {
          throw .unsupportedKey
        }
        return .ed25519
      }
      if parameters == p256 { return .p256 }
      if parameters == p384 { return .p384 }
      throw .unsupportedKey
    default: throw .unsupportedKey
    }
  }

  /// The public part of a private key: from the public key with the same identifier or label, or of its own attributes.
  func publicKey(of key: UInt, _ kind: PKCS11KeyKind) throws(PKCS11Error) -> PKCS11PublicKey {
    if kind == .rsa {
      guard let modulus = value(CKA_MODULUS, of: key), let exponent = value(CKA_PUBLIC_EXPONENT, of: key)
      else {
        throw .publicKeyMissing
      }
      return try PKCS11PublicKey(modulus: modulus, exponent: exponent)
    }
    var point = value(CKA_EC_POINT, of: key)
    if point == nil {
      for type in [CKA_ID, CKA_LABEL] {
        guard let name = value(type, of: key), !name.isEmpty else { continue }
        let found = try find(CKO_PUBLIC_KEY, [(type, name)])
        guard found.count == 1 else { continue }
        point = value(CKA_EC_POINT, of: found[0])
        if point != nil { break }
      }
    }
    guard let point else { throw .publicKeyMissing }
    return try PKCS11PublicKey(kind, point: point)
  }

  /// Whether an attribute says yes; one that is not there does not.
  func flag(_ type: UInt, of object: UInt) -> Bool { value(type, of: object) == [1] }

  private func number(_ type: UInt, of object: UInt) -> UInt? {
    guard let bytes = value(type, of: object), bytes.count == MemoryLayout<UInt>.size else { return nil }
    // As the machine keeps it: the module runs on it too.
    return unsafe bytes.withUnsafeBytes { unsafe $0.loadUnaligned(as: UInt.self) }
  }

  /// An attribute, if the object has it and shows it.
  private func value(_ type: UInt, of object: UInt) -> [UInt8]? {
    guard let functions = unsafe module.functions, let get = unsafe functions.pointee.C_GetAttributeValue
    else {
      return nil
    }
    var attribute = unsafe ck_attribute(type: type, value: nil, value_len: 0)
    guard unsafe get(session, object, &attribute, 1) == CKR_OK,
      unsafe attribute.value_len <= UInt(PKCS11Objects.limit)
    else { return nil }
    var bytes = [UInt8](repeating: 0, count: unsafe Int(attribute.value_len))
    let status = unsafe bytes.withUnsafeMutableBytes { buffer in
      unsafe attribute.value = buffer.baseAddress
      return unsafe get(session, object, &attribute, 1)
    }
    guard status == CKR_OK, unsafe attribute.value_len <= UInt(bytes.count) else { return nil }
    return unsafe Array(bytes.prefix(Int(attribute.value_len)))
  }

  /// At most two objects of a class with these attributes: the second one shows that there is more than one.
  private func find(
    _ kind: UInt, _ attributes: [(type: UInt, value: [UInt8])]
  ) throws(PKCS11Error) -> [UInt] {
    guard let functions = unsafe module.functions, let start = unsafe functions.pointee.C_FindObjectsInit,
      let next = unsafe functions.pointee.C_FindObjects, let end = unsafe functions.pointee.C_FindObjectsFinal
    else { throw .moduleUnavailable }
    // All values one behind the other, so that their addresses hold while the module looks at them.
    var bytes = unsafe withUnsafeBytes(of: kind) { unsafe Array($0) }
    var ranges = [(type: CKA_CLASS, range: 0..<bytes.count)]
    for attribute in attributes {
      ranges.append((attribute.type, bytes.count..<bytes.count + attribute.value.count))
      bytes += attribute.value
    }
    let status = unsafe bytes.withUnsafeMutableBytes { buffer in
      var template = unsafe ranges.map { (type, range) in
        unsafe ck_attribute(
          type: type, value: buffer.baseAddress.map { unsafe $0 + range.lowerBound },
          value_len: UInt(range.count))
      }
      return unsafe start(session, &template, UInt(template.count))
    }
    guard status == CKR_OK else { throw .tokenFailed }
    var found: [UInt] = [0, 0]
    var count: UInt = 0
    let searched = unsafe next(session, &found, 2, &count)
    _ = end(session)
    guard searched == CKR_OK, count <= 2 else { throw .tokenFailed }
    return Array(found.prefix(Int(count)))
  }
}
