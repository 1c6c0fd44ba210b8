import OTACrypto

// Signatures, by keys that are here and by keys that are not.
extension TUFRepositoryWriter {
  /// The roles that have a draft, in the order in which they are published, and what each still needs.
  ///
  /// - Throws: ``TUFWriterError/repository(_:)`` if a cryptographic library does not work.
  public func pending() throws(TUFWriterError) -> [TUFPendingRole] {
    let authorities = try authorities()
    var pending: [TUFPendingRole] = []
    let order = drafts.keys.sorted { left, right in
      (TUFRepositoryWriter.rank(left), left.name) < (TUFRepositoryWriter.rank(right), right.name)
    }
    for role in order {
      guard let document = drafts[role] else { continue }
      pending.append(try state(of: role, document, authorities))
    }
    return pending
  }

  /// Delegated roles first, then targets, snapshot, root and timestamp.
  static func rank(_ role: TUFRole) -> Int {
    switch role {
    case .targets: 1
    case .snapshot: 2
    case .root: 3
    case .timestamp: 4
    default: 0
    }
  }

  private func state(
    of role: TUFRole, _ document: MetadataDocument, _ authorities: Authorities
  ) throws(TUFWriterError) -> TUFPendingRole {
    let required = authorities.required(role)
    var missing = 0
    for keys in required { missing = max(missing, try keys.missing(in: document)) }
    let all = Set(required.flatMap { $0.keys.keys })
    let candidates = all.filter { document.signatures[$0] == nil }
    return TUFPendingRole(
      role: role, version: document.version, expires: document.expires,
      signedBy: document.signatures.keys.sorted().map(\.text), candidates: candidates.sorted().map(\.text),
      missing: missing)
  }

  /// Signs drafts with every key that signs for them.
  ///
  /// - Parameters:
  ///   - signers: the keys; one that signs for none of the drafts does nothing.
  ///   - role: the only role to sign for, or `nil` for all.
  /// - Returns: the roles that got a signature, in the order in which they are published.
  /// - Throws: ``TUFWriterError/nothingToSign(role:)`` if the role has no draft, ``TUFWriterError/signing(_:)``.
  @discardableResult
  public mutating func sign(
    with signers: [any TUFSigner], only role: TUFRole? = nil
  ) async throws(TUFWriterError) -> [TUFRole] {
    if let role, drafts[role] == nil { throw .nothingToSign(role: role.description) }
    let authorities = try authorities()
    var signed: [TUFRole] = []
    for candidate in drafts.keys.sorted(by: { $0.name < $1.name }) where role ?? candidate == candidate {
      let accepted = Set(authorities.accepted(candidate).flatMap { $0.keys.keys })
      for signer in signers {
        let keyID = UTF8Text(signer.publicKey.keyID)
        guard accepted.contains(keyID), let document = drafts[candidate] else { continue }
        // A signature that is there stays: the file must not change without a reason.
        guard document.signatures[keyID] == nil else { continue }
        do throws(CryptoError) {
          let signature = try await signer.signature(for: document.message)
          drafts[candidate] = document.adding(signature, by: keyID)
        } catch {
          throw .signing(error)
        }
        if signed.last != candidate { signed.append(candidate) }
      }
    }
    return signed.sorted {
      (TUFRepositoryWriter.rank($0), $0.name) < (TUFRepositoryWriter.rank($1), $1.name)
    }
  }

  /// The bytes that a key which is somewhere else has to sign for a draft.
  ///
  /// They stay the same until the draft is changed. Save the writer, so that there is something to put the signature to.
  ///
  /// - Throws: ``TUFWriterError/nothingToSign(role:)``.
  public func bytesToSign(for role: TUFRole) throws(TUFWriterError) -> [UInt8] {
    guard let document = drafts[role] else { throw .nothingToSign(role: role.description) }
    return document.message
  }

  /// Puts a signature to a draft that was made somewhere else.
  ///
  /// - Parameters:
  ///   - signature: as ``TUFSigner/signature(for:)`` returns it.
  ///   - key: the key that made it.
  ///   - role: the role.
  /// - Throws: ``TUFWriterError/nothingToSign(role:)``; ``TUFWriterError/keyNotAuthorized(role:keyID:)`` if the key does
  ///   not sign for the role; ``TUFWriterError/signatureRefused(role:keyID:)`` if it has not made this signature over
  ///   these bytes.
  public mutating func add(
    signature: [UInt8], by key: TUFPublicKey, to role: TUFRole
  ) throws(TUFWriterError) {
    guard let document = drafts[role] else { throw .nothingToSign(role: role.description) }
    let keyID = UTF8Text(key.keyID)
    let known = try authorities().accepted(role).compactMap { $0.keys[keyID] }.first
    guard let known else { throw .keyNotAuthorized(role: role.description, keyID: key.keyID) }
    do throws(TUFError) {
      guard try known.accepts(signature, of: document.message) else {
        throw .thresholdNotMet(role: role.description)
      }
    } catch {
      if case .cryptography = error { throw .repository(error) }
      throw .signatureRefused(role: role.description, keyID: key.keyID)
    }
    drafts[role] = document.adding(signature, by: keyID)
  }
}
