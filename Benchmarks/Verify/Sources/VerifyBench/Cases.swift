import CRawOpenSSL
import CRawSodium
import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTACryptoSodium

/// One line of the result.
struct Line: Codable {
  var group: String
  var name: String
  /// What `raw` and `ours` are in.
  var unit: String
  var raw: Double
  var ours: Double
  var ratio: Double
  var medianRatio: Double?
}

enum Cases {
  static let backends = CryptoBackends([.openSSL, .sodium, .portable])

  static func bytes(_ count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    randombytes_buf_deterministic(&bytes, count, [UInt8](repeating: 7, count: 32))
    return bytes
  }

  /// A payload that comes in pieces, hashed as it comes, and compared with its digest.
  static func streaming(sizes: [Int], chunks: [Int], rounds: Int) -> [Line] {
    var lines: [Line] = []
    for size in sizes {
      let bytes = bytes(size)
      let expected = SHA256.digest(of: bytes.span)
      let expectedBytes = expected.bytes.indices.map { expected.bytes[$0] }
      for chunk in chunks where chunk <= size {
        // Small ones several times, so that the clock has something to measure.
        let repeats = max(1, (4 << 20) / size)
        let pair = Pair(rounds: rounds) {
          for _ in 0..<repeats { precondition(rawDigest(bytes, chunk) == expectedBytes) }
        } ours: {
          for _ in 0..<repeats { precondition(ourDigest(bytes, chunk) == expected) }
        }
        let volume = Double(size * repeats) / 1e6
        lines.append(
          Line(
            group: "streaming", name: "\(size >> 20) MiB in pieces of \(chunk >> 10) KiB", unit: "MB/s",
            raw: volume / pair.raw, ours: volume / pair.ours, ratio: pair.ratio,
            medianRatio: pair.medianRatio))
      }
    }
    return lines
  }

  private static func rawDigest(_ bytes: [UInt8], _ chunk: Int) -> [UInt8] {
    let context = EVP_MD_CTX_new()
    defer { EVP_MD_CTX_free(context) }
    EVP_DigestInit_ex(context, EVP_sha256(), nil)
    bytes.withUnsafeBytes { bytes in
      var start = 0
      while start < bytes.count {
        let count = min(chunk, bytes.count - start)
        EVP_DigestUpdate(context, bytes.baseAddress.map { $0 + start }, count)
        start += count
      }
    }
    var digest = [UInt8](repeating: 0, count: 32)
    EVP_DigestFinal_ex(context, &digest, nil)
    return digest
  }

  private static func ourDigest(_ bytes: [UInt8], _ chunk: Int) -> Digest? {
    guard var hash = try? backends.hash(.sha256) else { return nil }
    let span = bytes.span
    var start = 0
    while start < span.count {
      let count = min(chunk, span.count - start)
      hash.update(span.extracting(start..<start + count))
      start += count
    }
    return hash.finalize()
  }

  /// A signature that is checked.
  static func signatures(sizes: [Int], rounds: Int) throws -> [Line] {
    let key = try Ed25519PrivateKey.generate()
    let publicKey = key.publicKey
    let keyBytes = publicKey.bytes
    let verifier = SodiumVerifier()
    return try sizes.map { size in
      let message = bytes(size)
      let signature = try key.signature(for: message.span)
      let count = 200
      let pair = Pair(rounds: rounds) {
        for _ in 0..<count {
          precondition(
            crypto_sign_verify_detached(signature, message, UInt64(message.count), keyBytes) == 0)
        }
      } ours: {
        for _ in 0..<count {
          precondition(
            (try? verifier.verify(signature: signature.span, of: message.span, by: publicKey)) != nil)
        }
      }
      return Line(
        group: "ed25519", name: "a message of \(size) bytes", unit: "1/s", raw: Double(count) / pair.raw,
        ours: Double(count) / pair.ours, ratio: pair.ratio, medianRatio: pair.medianRatio)
    }
  }

  /// All blocks of a payload that is there, on one core and on more.
  ///
  /// - Returns: lines whose `raw` is the speed of one worker.
  static func blocks(size: Int, blockSizes: [Int], workers: [Int], rounds: Int) async throws -> [Line] {
    let bytes = bytes(size)
    var lines: [Line] = []
    for blockSize in blockSizes {
      let digests = stride(from: 0, to: size, by: blockSize).map { start in
        OpenSSLSHA256.digest(of: bytes.span.extracting(start..<min(start + blockSize, size)))
      }
      let verifier = try BlockVerifier(
        BlockDigests(blockSize: UInt32(blockSize), digests: digests), size: UInt32(size), backends: backends)
      var times = [Double](repeating: .infinity, count: workers.count)
      for _ in 0..<rounds {
        // In turn, so that a busy moment of the machine is in all of them.
        for (index, count) in workers.enumerated() {
          let start = wallSeconds()
          try await verifier.verify(bytes, workers: count)
          times[index] = min(times[index], wallSeconds() - start)
        }
      }
      for (count, time) in zip(workers, times) {
        lines.append(
          Line(
            group: "blocks",
            name: "\(size >> 20) MiB in blocks of \(blockSize >> 10) KiB, \(count) at a time", unit: "MB/s",
            raw: Double(size) / 1e6 / times[0], ours: Double(size) / 1e6 / time, ratio: times[0] / time,
            medianRatio: nil))
      }
    }
    return lines
  }
}
