import OTACrypto
import OTADelta

/// The first bytes of a SHA-256, as they stand in a header.
struct Digest: Equatable {
  let bytes: [UInt8]

  init(of image: [UInt8]) {
    var hash = SHA256()
    hash.update(image.span)
    let digest = hash.finalize()
    bytes = (0..<8).map { digest.bytes[$0] }
  }

  init?(promisedBy patch: [UInt8]) {
    do throws(DeltaError) {
      guard let header = try NativeHeader.parse(patch.span)?.header else { return nil }
      bytes = (0..<8).map { header.newDigest[$0] }
    } catch {
      return nil
    }
  }
}

/// A patch with a header that a few bytes describe.
struct PatchBuilder {
  private let architecture: UInt8
  private let slotBits: UInt8
  private let matchBits: UInt8
  private let numbers: [UInt32]
  private let body: [UInt8]

  /// - Parameters:
  ///   - input: architecture, slot bits, match bits, new size (2 bytes), covers (2 bytes), regions; then the body.
  ///   - oldSize: of the old image.
  init?(_ input: ArraySlice<UInt8>, oldSize: UInt32) {
    let fields = Array(input.prefix(8))
    guard fields.count == 8 else { return nil }
    body = Array(input.dropFirst(8))
    architecture = fields[0] % 10
    slotBits = 8 + fields[1] % 8
    matchBits = fields[2] % 4 == 0 ? 0 : 9 + fields[2] % 4
    let newSize = (UInt32(fields[3]) | UInt32(fields[4]) << 8) % 8193
    let coverCount = min(newSize, UInt32(fields[5]) | UInt32(fields[6]) << 8)
    numbers = [oldSize, newSize, UInt32(body.count), coverCount, UInt32(fields[7])]
  }

  func patch(old: [UInt8], new: [UInt8]) -> [UInt8] {
    var patch = Array("OTAD".utf8) + [1, 0, architecture, slotBits, matchBits]
    for number in numbers {
      var left = number
      while left >= 0x80 {
        patch.append(UInt8(left & 0x7f) | 0x80)
        left >>= 7
      }
      patch.append(UInt8(left))
    }
    return patch + Digest(of: old).bytes + Digest(of: new).bytes + body
  }
}
