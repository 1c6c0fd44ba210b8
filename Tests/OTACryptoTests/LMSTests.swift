import Foundation
import OTACore
import OTACrypto
import OTACryptoSodium
import Testing

@Suite struct LMSTests {
  private static func verify(
    _ publicKey: [UInt8], _ message: [UInt8], _ signature: [UInt8]
  ) throws(CryptoError) {
    let key = try HSSPublicKey(parsing: publicKey.span)
    try key.verify(signature: signature.span, of: message.span, using: SodiumSHA256.self)
  }

  @Test("The published signatures are good, with every hash function of SHA-256", arguments: LMSVector.all)
  func published(_ vector: LMSVector) throws {
    try Self.verify(vector.publicKey, vector.message, vector.signature)
    let key = try HSSPublicKey(parsing: vector.publicKey.span)
    try key.verify(signature: vector.signature.span, of: vector.message.span, using: SHA256.self)
    #expect(key.levels == Int(vector.publicKey[3]))
  }

  @Test("A wrong byte anywhere is refused", arguments: LMSVector.all)
  func flippedBits(_ vector: LMSVector) throws {
    var generator = SeededGenerator()
    let count = vector.signature.count
    for index in 0..<count where index < 12 || index % 53 == 3 || index + 12 > count {
      var signature = vector.signature
      signature[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      #expect(throws: CryptoError.authenticationFailed, "byte \(index)") {
        try Self.verify(vector.publicKey, vector.message, signature)
      }
    }
    for index in stride(from: 0, to: vector.message.count, by: 7) {
      #expect(throws: CryptoError.authenticationFailed) {
        try Self.verify(vector.publicKey, vector.message.flipping(index * 8), vector.signature)
      }
    }
    for index in vector.publicKey.indices {
      #expect(throws: CryptoError.self) {
        try Self.verify(vector.publicKey.flipping(index * 8), vector.message, vector.signature)
      }
    }
  }

  @Test("Other lengths are refused", arguments: LMSVector.all)
  func lengths(_ vector: LMSVector) {
    for count in vector.signature.indices where count < 100 || count % 64 == 0 {
      #expect(throws: CryptoError.authenticationFailed) {
        try Self.verify(vector.publicKey, vector.message, Array(vector.signature.prefix(count)))
      }
    }
    #expect(throws: CryptoError.authenticationFailed) {
      try Self.verify(vector.publicKey, vector.message, vector.signature + [0])
    }
    for count in vector.publicKey.indices {
      #expect(throws: CryptoError.invalidKey) {
        try Self.verify(Array(vector.publicKey.prefix(count)), vector.message, vector.signature)
      }
    }
    #expect(throws: CryptoError.invalidKey) {
      try Self.verify(vector.publicKey + [0], vector.message, vector.signature)
    }
  }

  @Test("No parameter set makes the verifier trap, and a key has one hash function")
  func parameters() {
    var generator = SeededGenerator()
    for tree in UInt8(0)...30 {
      for oneTime in UInt8(0)...20 {
        let isSHA = (5...14).contains(tree) && (1...8).contains(oneTime)
        let isSHAKE = (15...24).contains(tree) && (9...16).contains(oneTime)
        let isLongTree = (5...9).contains(tree) || (15...19).contains(tree)
        let isLongKey = (1...4).contains(oneTime) || (9...12).contains(oneTime)
        let size = isLongTree ? 32 : 24
        let bytes: [UInt8] = [0, 0, 0, tree, 0, 0, 0, oneTime] + generator.bytes(16 + size)
        guard isSHA || isSHAKE, isLongTree == isLongKey else {
          #expect(throws: CryptoError.invalidKey) { _ = try LMSPublicKey(parsing: bytes.span) }
          continue
        }
        guard let key = try? LMSPublicKey(parsing: bytes.span) else {
          Issue.record("types \(tree) and \(oneTime) are not known")
          continue
        }
        #expect(key.encodedSize == bytes.count)
        // All of its length, and its types right, so that everything is computed.
        var signature = generator.bytes(key.signatureSize)
        let height = 5 * ((Int(tree) - 5) % 5 + 1)
        let oneTimeSize = key.signatureSize - 8 - height * size
        signature.replaceSubrange(0..<8, with: [0, 0, 0, 5, 0, 0, 0, oneTime])
        signature.replaceSubrange(4 + oneTimeSize..<8 + oneTimeSize, with: [0, 0, 0, tree])
        let expected = isSHA ? CryptoError.authenticationFailed : .unsupportedAlgorithm
        #expect(throws: expected) {
          try key.verify(signature: signature.span, of: bytes.span, using: SHA256.self)
        }
      }
    }
  }

  // RFC 8554, table 1: n, w, p, and the length of a one-time signature in a tree of height 5.
  @Test(
    "Signatures are as long as the tables of the standard say",
    arguments: [
      (UInt8(5), UInt8(1), 8516), (5, 2, 4292), (5, 3, 2180), (5, 4, 1124),
      (10, 5, 4828), (10, 6, 2452), (10, 7, 1252), (10, 8, 652),
    ])
  func sizes(_ tree: UInt8, _ oneTime: UInt8, _ expected: Int) throws {
    let size = tree == 5 ? 32 : 24
    let bytes: [UInt8] = [0, 0, 0, tree, 0, 0, 0, oneTime] + [UInt8](repeating: 0, count: 16 + size)
    let key = try LMSPublicKey(parsing: bytes.span)
    #expect(key.signatureSize == expected + 8 + 5 * size)
  }

  @Test("The number of levels is that of the key, from one to eight")
  func levels() throws {
    let vector = LMSVector.all[0]
    for levels in [0, 1, 3, 8, 9, 255] {
      var key = vector.publicKey
      key[3] = UInt8(levels)
      let expected = (1...8).contains(levels) ? CryptoError.authenticationFailed : .invalidKey
      #expect(throws: expected) { try Self.verify(key, vector.message, vector.signature) }
    }
    // The highest bit: negative where numbers have 32 bits.
    #expect(throws: CryptoError.invalidKey) {
      try Self.verify(vector.publicKey.flipping(7), vector.message, vector.signature)
    }
  }

  @Test("A key of SHA-256 is not verified with another hash function")
  func functions() throws {
    let vector = LMSVector.all[0]
    let key = try HSSPublicKey(parsing: vector.publicKey.span)
    #expect(throws: CryptoError.unsupportedAlgorithm) {
      try key.verify(signature: vector.signature.span, of: vector.message.span, using: SodiumBLAKE2b256.self)
    }
  }

  @Test(
    "All verdicts of the shared vectors of SHA-256 are ours",
    .enabled(if: SharedVectors.has("lms"), "needs ../shared/vectors"))
  func shared() throws {
    var counts = [0, 0, 0]
    for file in ["lms/hss_lms_verify.vec", "lms/hss_lms_invalid.vec"] {
      var fields: [Substring: [UInt8]] = [:]
      for line in String(decoding: try SharedVectors.data(file), as: UTF8.self).split(separator: "\n") {
        let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !line.hasPrefix("#") else { continue }
        let name = Substring(parts[0].filter { $0 != " " })
        let value: [UInt8] = try #require([UInt8](hexadecimal: parts[1].filter { $0 != " " }))
        fields[name] = value
        guard let signature = fields["Signature"] ?? fields["InvalidSignature"] else { continue }
        let (key, message) = (try #require(fields["PublicKey"]), try #require(fields["Msg"]))
        if key[7] >= 0x0f {
          // SHAKE256: tested with the backend that has it.
          counts[2] += 1
        } else if name == "Signature" {
          counts[0] += 1
          #expect(throws: Never.self) { try Self.verify(key, message, signature) }
        } else {
          counts[1] += 1
          #expect(throws: CryptoError.authenticationFailed) { try Self.verify(key, message, signature) }
        }
        fields = [:]
      }
    }
    #expect(counts == [3, 4, 2])
  }
}
