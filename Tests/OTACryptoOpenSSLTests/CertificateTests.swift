import OTACore
import OTACrypto
import OTACryptoOpenSSL
import Testing

@Suite struct CertificateTests {
  /// 2026-01-01, when everything but two certificates is valid.
  static let now: Int64 = 1_767_225_600

  private static func certificate(_ der: [UInt8]) throws(CertificateError) -> OpenSSLCertificate {
    try OpenSSLCertificate(der: der.span)
  }

  /// - Returns: how many certificates the chain has.
  @discardableResult
  static func verify(
    _ leaf: [UInt8], _ intermediates: [[UInt8]] = [CertificateFiles.intermediate],
    roots: [[UInt8]] = [CertificateFiles.root], usage: CertificateUsage = .codeSigning,
    revocation: RevocationPolicy = .none, lists: [[UInt8]] = [], maximumIntermediates: Int = 4,
    at time: Int64 = now
  ) throws(CertificateError) -> Int {
    var rootCertificates: [OpenSSLCertificate] = []
    for root in roots { rootCertificates.append(try certificate(root)) }
    var offered: [OpenSSLCertificate] = []
    for intermediate in intermediates { offered.append(try certificate(intermediate)) }
    var revocationLists: [OpenSSLRevocationList] = []
    for list in lists { revocationLists.append(try OpenSSLRevocationList(der: list.span)) }
    let policy = CertificateChain.Policy(
      roots: rootCertificates, usage: usage, revocation: revocation, revocationLists: revocationLists,
      maximumIntermediates: maximumIntermediates)
    let end = try certificate(leaf)
    let chain = try CertificateChain.verify(end, intermediates: offered, policy: policy, at: time)
    #expect(chain.certificates.first?.der == leaf)
    #expect(chain.certificates.last.map { roots.contains($0.der) } == true)
    #expect(chain.leaf.der == leaf)
    return chain.certificates.count
  }

  @Test("A chain of three is found, whatever else is handed in")
  func good() throws {
    #expect(try Self.verify(CertificateFiles.leaf) == 3)
    #expect(try Self.verify(CertificateFiles.leaf, maximumIntermediates: 1) == 3)
    #expect(
      try Self.verify(
        CertificateFiles.leaf,
        [
          CertificateFiles.outside, CertificateFiles.root, CertificateFiles.intermediate,
          CertificateFiles.mute,
        ],
        roots: [CertificateFiles.otherRoot, CertificateFiles.root]) == 3)
    #expect(try Self.verify(CertificateFiles.client, usage: .clientAuthentication) == 3)
    #expect(try Self.verify(CertificateFiles.server, usage: .serverAuthentication) == 3)
  }

  @Test("The times of a certificate are its own, and both are included")
  func validity() throws {
    let early = try #require(try Self.certificate(CertificateFiles.early).validity)
    // 2024-01-01 and 2025-01-01.
    #expect(early == 1_704_067_200...1_735_689_600)
    #expect(try Self.verify(CertificateFiles.early, at: early.lowerBound) == 3)
    #expect(throws: CertificateError.notYetValid) {
      try Self.verify(CertificateFiles.early, at: early.lowerBound - 1)
    }
    #expect(try Self.verify(CertificateFiles.early, at: early.upperBound - 1) == 3)
    #expect(throws: CertificateError.expired) {
      try Self.verify(CertificateFiles.early, at: early.upperBound + 1)
    }
    #expect(throws: CertificateError.notYetValid) { try Self.verify(CertificateFiles.late) }
    for time in [Int64.min, -1, 0, Int64.max] {
      #expect(throws: CertificateError.self) { try Self.verify(CertificateFiles.leaf, at: time) }
    }
  }

  @Test("Without a way to a trusted root nothing is trusted")
  func roots() {
    #expect(throws: CertificateError.notTrusted) { try Self.verify(CertificateFiles.leaf, []) }
    #expect(throws: CertificateError.notTrusted) { try Self.verify(CertificateFiles.leaf, roots: []) }
    #expect(throws: CertificateError.notTrusted) {
      try Self.verify(CertificateFiles.leaf, roots: [CertificateFiles.otherRoot])
    }
    #expect(throws: CertificateError.notTrusted) {
      try Self.verify(CertificateFiles.root, [], roots: [CertificateFiles.otherRoot])
    }
    // An intermediate is no root, even if somebody says so.
    #expect(throws: CertificateError.notTrusted) {
      try Self.verify(CertificateFiles.leaf, [], roots: [CertificateFiles.intermediate])
    }
  }

  @Test("Every flipped bit of the signed part and of the signature is refused")
  func flippedBits() throws {
    // The key identifiers and the serial number are only looked at; all are signed.
    for bit in stride(from: 32, to: CertificateFiles.leaf.count * 8, by: 3) {
      #expect(throws: CertificateError.self) { try Self.verify(CertificateFiles.leaf.flipping(bit)) }
    }
    for bit in stride(from: 32, to: CertificateFiles.intermediate.count * 8, by: 5) {
      #expect(throws: CertificateError.self) {
        try Self.verify(CertificateFiles.leaf, [CertificateFiles.intermediate.flipping(bit)])
      }
    }
    let last = CertificateFiles.leaf.count * 8 - 1
    #expect(throws: CertificateError.signatureInvalid) {
      try Self.verify(CertificateFiles.leaf.flipping(last))
    }
  }

  @Test("Only an authority issues certificates, at its depth, with a key that may sign them")
  func authorities() {
    #expect(throws: CertificateError.notAuthority) {
      try Self.verify(CertificateFiles.issuedByLeaf, [CertificateFiles.leaf, CertificateFiles.intermediate])
    }
    #expect(throws: CertificateError.notAuthority) {
      try Self.verify(CertificateFiles.deep, [CertificateFiles.subordinate, CertificateFiles.intermediate])
    }
    #expect(throws: CertificateError.self) {
      try Self.verify(CertificateFiles.underMute, [CertificateFiles.mute])
    }
    #expect(throws: CertificateError.tooLong) {
      try Self.verify(CertificateFiles.leaf, maximumIntermediates: 0)
    }
    #expect(throws: CertificateError.tooLong) {
      try Self.verify(CertificateFiles.leaf, maximumIntermediates: .min)
    }
    #expect(throws: CertificateError.tooLong) {
      try Self.verify(
        CertificateFiles.leaf, [[UInt8]](repeating: CertificateFiles.intermediate, count: 17))
    }
  }

  @Test("A certificate is used for what it says, and so are its issuers")
  func usages() {
    for wrong in [
      CertificateFiles.client, CertificateFiles.server, CertificateFiles.agreement, CertificateFiles.anyUsage,
      CertificateFiles.noUsage,
    ] {
      #expect(throws: CertificateError.wrongUsage) { try Self.verify(wrong) }
    }
    #expect(throws: CertificateError.wrongUsage) {
      try Self.verify(CertificateFiles.leaf, usage: .clientAuthentication)
    }
    #expect(throws: CertificateError.wrongUsage) {
      try Self.verify(CertificateFiles.client, usage: .serverAuthentication)
    }
    #expect(throws: CertificateError.wrongUsage) {
      try Self.verify(CertificateFiles.underServerAuthority, [CertificateFiles.serverAuthority])
    }
  }

  @Test("Names outside of the constraint, unknown critical extensions and weak things are refused")
  func rules() {
    #expect(throws: CertificateError.nameNotPermitted) { try Self.verify(CertificateFiles.outside) }
    #expect(throws: CertificateError.unsupported) { try Self.verify(CertificateFiles.critical) }
    #expect(throws: CertificateError.tooWeak) { try Self.verify(CertificateFiles.weakKey) }
    #expect(throws: CertificateError.tooWeak) { try Self.verify(CertificateFiles.sha1) }
  }

  @Test("Revocation lists count as far as the policy wants, if they are valid and of the issuer")
  func revocation() throws {
    let files = CertificateFiles.self
    // Nobody asks.
    #expect(try Self.verify(files.revokedLeaf, lists: [files.intermediateList]) == 3)
    // For the one at the end.
    #expect(try Self.verify(files.leaf, revocation: .leaf, lists: [files.intermediateList]) == 3)
    #expect(throws: CertificateError.revoked) {
      try Self.verify(files.revokedLeaf, revocation: .leaf, lists: [files.intermediateList])
    }
    #expect(throws: CertificateError.revocationUnknown) { try Self.verify(files.leaf, revocation: .leaf) }
    for list in [files.staleList, files.rootList, files.forgedList] {
      #expect(throws: CertificateError.revocationUnknown) {
        try Self.verify(files.leaf, revocation: .leaf, lists: [list])
      }
    }
    // For all but the root.
    #expect(throws: CertificateError.revocationUnknown) {
      try Self.verify(files.leaf, revocation: .chain, lists: [files.intermediateList])
    }
    #expect(
      try Self.verify(files.leaf, revocation: .chain, lists: [files.rootList, files.intermediateList]) == 3)
    #expect(throws: CertificateError.revoked) {
      try Self.verify(
        files.leaf, revocation: .chain, lists: [files.rootListAgainstIntermediate, files.intermediateList])
    }
  }

  @Test("Cut, lengthened and foreign bytes are no certificate and no list")
  func malformed() {
    let files = CertificateFiles.self
    for count in 0..<files.leaf.count {
      #expect(throws: CertificateError.malformed) { try Self.certificate(Array(files.leaf.prefix(count))) }
    }
    for count in 0..<files.rootList.count {
      let part = Array(files.rootList.prefix(count))
      #expect(throws: CertificateError.malformed) { try OpenSSLRevocationList(der: part.span) }
    }
    for wrong in [files.leaf + [0], files.rootList, [UInt8](repeating: 0x30, count: 1 << 17)] {
      #expect(throws: CertificateError.malformed) { try Self.certificate(wrong) }
    }
    let longer = files.rootList + [0]
    for wrong in [longer, files.leaf, [UInt8](repeating: 0x30, count: 1 << 23)] {
      #expect(throws: CertificateError.malformed) { try OpenSSLRevocationList(der: wrong.span) }
    }
  }

  @Test("The key of a certificate is as strict as any other, and its text is read")
  func keys() throws {
    let der = CertificateFiles.leaf
    let leaf = try Self.certificate(der)
    #expect(try leaf.publicKey().kind == .p256)
    let fingerprint = SHA256.digest(of: der.span)
    #expect(leaf.fingerprint == fingerprint)
    let weak = try Self.certificate(CertificateFiles.weakKey)
    #expect(throws: CryptoError.invalidKey) { try weak.publicKey() }
    let text = try [UInt8](capacity: 4096) { (writer) throws(ParseError) in
      try PEM.encode(der.span, label: "CERTIFICATE", into: &writer)
    }
    #expect(try OpenSSLCertificate(pem: text.span).der == der)
    #expect(throws: CertificateError.malformed) {
      try OpenSSLCertificate(pem: Array(KeyFiles.rsaPublic.utf8).span)
    }
  }

  @Test("Verifying and refusing chains leaves nothing behind")
  func leaks() throws {
    let files = CertificateFiles.self
    let growth = try memoryGrowth(rounds: 1200) {
      try Self.verify(files.leaf, revocation: .leaf, lists: [files.intermediateList])
      _ = try? Self.verify(files.outside)
      _ = try? Self.verify(files.revokedLeaf, revocation: .leaf, lists: [files.intermediateList])
      _ = try? Self.certificate(Array(files.leaf.dropLast(70)))
      let part = Array(files.rootList.prefix(40))
      _ = try? OpenSSLRevocationList(der: part.span)
    }
    #expect(growth < 1 << 18)
  }
}
