import CheckStartup
import Ed25519
import OTACore
import OTACrypto

/// Verifies and signs what the emulator put into memory, and prints what came of it; Scripts/check-ed25519 compares it with
/// the libsodium of the host.
///
/// The vectors: their number, then each as kind, length of the message, and the fields of its kind; numbers have four
/// bytes, least significant first, and a message is filled up to a multiple of four.
@main
struct Main {
  static func main() {
    var vectors = Vectors()
    let count = vectors.number()
    for _ in 0..<count {
      let kind = vectors.number()
      let length = Int(vectors.number())
      switch kind {
      case 0: verify(&vectors, length)
      case 1: sign(&vectors, length)
      default: ota_end(4)
      }
    }
    Terminal.write("end")
    Terminal.endLine()
    ota_end(0)
  }

  /// The public key, the signature, the message.
  private static func verify(_ vectors: inout Vectors, _ length: Int) {
    let key = vectors.bytes(32)
    let signature = vectors.bytes(64)
    let message = vectors.bytes(length)
    Terminal.write("verify ")
    do throws(CryptoError) {
      let key = try PublicKey(algorithm: .ed25519, copying: key)
      ota_paint_stack()
      ota_start_counting()
      try Ed25519Verifier().verify(signature: signature, of: message, by: key)
      Terminal.write("good ")
    } catch {
      Terminal.write(error == .authenticationFailed ? "bad " : "error ")
    }
    let instructions = ota_counted()
    let depth = ota_stack_depth()
    Terminal.write(decimal: instructions)
    Terminal.write(" ")
    Terminal.write(decimal: depth)
    Terminal.endLine()
  }

  /// The seed, what signing makes of it on the way, the message.
  private static func sign(_ vectors: inout Vectors, _ length: Int) {
    let seed = vectors.bytes(32)
    let traces = vectors.bytes(96)
    let message = vectors.bytes(length)
    var copy = InlineArray<32, UInt8>(repeating: 0)
    for index in 0..<32 { copy[index] = seed[index] }
    var signature = InlineArray<64, UInt8>(repeating: 0)
    Terminal.write("sign ")
    do throws(CryptoError) {
      let key = try Ed25519Signer.publicKey(ofSeed: copy.span)
      Terminal.write(hexadecimal: key.span)
      Terminal.write(" ")
      var secret = copy.mutableSpan
      var output = signature.mutableSpan
      ota_paint_stack()
      ota_start_counting()
      try Ed25519Signer.sign(message, seed: &secret, into: &output)
    } catch {
      Terminal.write("error ")
    }
    let instructions = ota_counted()
    let depth = ota_stack_depth()
    // The frame of `sign` itself stays as it was: addresses and lengths.
    let dirty = ota_dirty_words(256)
    let isLeft = isInStack(seed) || isInStack(traces)
    var rest: UInt8 = 0
    for index in 0..<32 { rest |= copy[index] }
    Terminal.write(hexadecimal: signature.span)
    Terminal.write(rest == 0 ? " zeroed" : " KEPT")
    Terminal.write(dirty == 0 && !isLeft ? " wiped " : " LEFT ")
    Terminal.write(decimal: instructions)
    Terminal.write(" ")
    Terminal.write(decimal: depth)
    Terminal.endLine()
  }

  private static func isInStack(_ secret: Span<UInt8>) -> Bool {
    unsafe secret.withUnsafeBufferPointer { unsafe ota_is_in_stack($0.baseAddress, UInt32($0.count)) != 0 }
  }
}
