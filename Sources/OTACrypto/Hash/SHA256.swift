public import OTACore

/// SHA-256 in portable Swift: no heap, no tables at run time, 112 bytes of state.
///
/// For bare metal and for key identifiers; hosts have faster ones in their backends.
///
/// - Note: Source: FIPS 180-4, sections 4.1.2, 4.2.2, 5.1.1, 5.3.3 and 6.2.
public struct SHA256: HashFunction, Sendable {
  /// SHA-256.
  public static var algorithm: DigestAlgorithm { .sha256 }

  private var state: InlineArray<8, UInt32> = [
    0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
  ]
  /// The bytes of a block that is not complete yet: the first `pending` of them.
  private var block = InlineArray<64, UInt8>(repeating: 0)
  private var pending = 0
  /// All bytes fed, modulo 2^64 in bits as FIPS 180-4 counts them.
  private var byteCount: UInt64 = 0

  /// Starts with no bytes.
  #if hasFeature(Embedded)
  @inline(never)
  #endif
  public init() {}

  /// Feeds bytes; any division into calls gives the same digest.
  #if hasFeature(Embedded)
  @inline(never)
  #endif
  public mutating func update(_ bytes: Span<UInt8>) {
    byteCount &+= UInt64(bytes.count)
    var position = 0
    if pending > 0 {
      while pending < 64, position < bytes.count {
        block[pending] = bytes[position]
        pending += 1
        position += 1
      }
      guard pending == 64 else { return }
      compressBlock()
      pending = 0
    }
    while bytes.count - position >= 64 {
      SHA256.compress(bytes, at: position, into: &state)
      position += 64
    }
    while position < bytes.count {
      block[pending] = bytes[position]
      pending += 1
      position += 1
    }
  }

  /// Ends and returns the digest.
  #if hasFeature(Embedded)
  @inline(never)
  #endif
  public consuming func finalize() -> Digest {
    let bitCount = byteCount &* 8
    block[pending] = 0x80
    pending += 1
    if pending > 56 {
      for index in pending..<64 { block[index] = 0 }
      compressBlock()
      pending = 0
    }
    for index in pending..<56 { block[index] = 0 }
    for index in 0..<8 {
      block[56 + index] = UInt8(truncatingIfNeeded: bitCount >> UInt64(56 - 8 * index))
    }
    compressBlock()
    var output = InlineArray<32, UInt8>(repeating: 0)
    for word in 0..<8 {
      for byte in 0..<4 {
        output[4 * word + byte] = UInt8(truncatingIfNeeded: state[word] >> UInt32(24 - 8 * byte))
      }
    }
    return Digest(sha256: output)
  }

  /// Compresses the block that is complete; a copy of it, because the state changes beside it.
  private mutating func compressBlock() {
    let complete = block
    SHA256.compress(complete.span, at: 0, into: &state)
  }

  /// Section 6.2.2, with the message schedule in a ring of 16 words.
  ///
  /// The working variables change their names instead of their places, so eight rounds are one turn of the loop. Indices
  /// are below 16 and 64 by how they are made; the place in the bytes is checked once.
  private static func compress(
    _ bytes: Span<UInt8>, at start: Int, into state: inout InlineArray<8, UInt32>
  ) {
    precondition(start >= 0 && start <= bytes.count - 64, "a block has 64 bytes")
    var schedule = InlineArray<16, UInt32>(repeating: 0)
    for index in 0..<16 {
      let word = unsafe bytes.bytes.unsafeLoadUnaligned(
        fromUncheckedByteOffset: start &+ 4 &* index, as: UInt32.self)
      unsafe schedule[unchecked: index] = UInt32(bigEndian: word)
    }
    var (a, b, c, d) = (state[0], state[1], state[2], state[3])
    var (e, f, g, h) = (state[4], state[5], state[6], state[7])
    var round = 0
    while true {
      turn(a, b, c, &d, e, f, g, &h, schedule, round)
      turn(h, a, b, &c, d, e, f, &g, schedule, round &+ 1)
      turn(g, h, a, &b, c, d, e, &f, schedule, round &+ 2)
      turn(f, g, h, &a, b, c, d, &e, schedule, round &+ 3)
      turn(e, f, g, &h, a, b, c, &d, schedule, round &+ 4)
      turn(d, e, f, &g, h, a, b, &c, schedule, round &+ 5)
      turn(c, d, e, &f, g, h, a, &b, schedule, round &+ 6)
      turn(b, c, d, &e, f, g, h, &a, schedule, round &+ 7)
      round &+= 8
      guard round < 64 else { break }
      if round & 15 == 0 { extend(&schedule) }
    }
    state[0] = state[0] &+ a
    state[1] = state[1] &+ b
    state[2] = state[2] &+ c
    state[3] = state[3] &+ d
    state[4] = state[4] &+ e
    state[5] = state[5] &+ f
    state[6] = state[6] &+ g
    state[7] = state[7] &+ h
  }

  /// One round: two of the working variables change.
  @inline(__always)
  private static func turn(
    _ a: UInt32, _ b: UInt32, _ c: UInt32, _ d: inout UInt32, _ e: UInt32, _ f: UInt32, _ g: UInt32,
    _ h: inout UInt32, _ schedule: borrowing InlineArray<16, UInt32>, _ round: Int
  ) {
    let sum1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
    let choice = g ^ (e & (f ^ g))
    let constant = unsafe roundConstants[unchecked: round]
    let word = unsafe schedule[unchecked: round & 15]
    let t1 = h &+ sum1 &+ choice &+ constant &+ word
    let sum0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
    let majority = (a & b) | (c & (a | b))
    d = d &+ t1
    h = t1 &+ sum0 &+ majority
  }

  /// The next 16 words of the message schedule, in the place of the last ones.
  @inline(__always)
  private static func extend(_ schedule: inout InlineArray<16, UInt32>) {
    for index in 0..<16 {
      let early = unsafe schedule[unchecked: (index &+ 1) & 15]
      let late = unsafe schedule[unchecked: (index &+ 14) & 15]
      let sigma0 = rotate(early, 7) ^ rotate(early, 18) ^ early >> 3
      let sigma1 = rotate(late, 17) ^ rotate(late, 19) ^ late >> 10
      let middle = unsafe schedule[unchecked: (index &+ 9) & 15]
      unsafe schedule[unchecked: index] &+= sigma0 &+ middle &+ sigma1
    }
  }

  @inline(__always)
  private static func rotate(_ word: UInt32, _ count: UInt32) -> UInt32 {
    word &>> count | word &<< (32 &- count)
  }

  /// Section 4.2.2: the first 32 bits of the fractional parts of the cube roots of the first 64 primes.
  private static let roundConstants: InlineArray<64, UInt32> = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
    0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
    0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
    0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
    0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
    0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
    0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
  ]
}
