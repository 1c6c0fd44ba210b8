// A manifest of several components processed on a microcontroller, as a client writes it: the envelope where it was
// received, memory for dependencies by the caller. Generic code is compiled where it is used, so
// Scripts/measure-processor compiles this client to see how large decoder and processor are.

internal import ManifestBoard
import OTACore
import OTACrypto
import OTAManifest

/// The signatures of the board: Ed25519 only.
struct BoardVerifier: SignatureVerifier {
  func verify(signature: Span<UInt8>, of message: Span<UInt8>, by key: PublicKey) throws(CryptoError) {
    let good = unsafe signature.withUnsafeBufferPointer { signature -> Int32 in
      unsafe message.withUnsafeBufferPointer { message -> Int32 in
        unsafe key.span.withUnsafeBufferPointer { key -> Int32 in
          guard signature.count == 64, let first = signature.baseAddress, let bytes = message.baseAddress,
            let point = key.baseAddress
          else { return 0 }
          return unsafe board_verify(first, bytes, UInt32(truncatingIfNeeded: message.count), point)
        }
      }
    }
    guard good != 0 else { throw .authenticationFailed }
  }
}

/// The components of the board.
struct BoardPlatform: SUITPlatform {
  mutating func component(named name: SUITComponentName) -> SUITComponentHandle? {
    let number = unsafe name.encoded.withUnsafeBufferPointer { bytes -> Int32 in
      guard let base = bytes.baseAddress else { return -1 }
      return unsafe board_component(base, UInt32(truncatingIfNeeded: bytes.count))
    }
    return number < 0 ? nil : SUITComponentHandle(UInt16(truncatingIfNeeded: number))
  }

  mutating func matches(
    _ identity: SUITIdentity, _ value: Span<UInt8>, of component: SUITComponentHandle
  ) -> Bool {
    unsafe value.withUnsafeBufferPointer { bytes in
      guard let base = bytes.baseAddress else { return false }
      return unsafe board_matches(UInt32(identity.rawValue), base, UInt32(truncatingIfNeeded: bytes.count))
        != 0
    }
  }

  mutating func isSlot(_ slot: UInt64, of component: SUITComponentHandle) -> Bool {
    guard let slot = UInt32(exactly: slot) else { return false }
    return board_is_slot(UInt32(component.rawValue), slot) != 0
  }

  mutating func version(of component: SUITComponentHandle) -> SUITVersion? { nil }

  mutating func digest(
    of target: SUITTarget, algorithm: DigestAlgorithm
  ) throws(SUITPlatformFailure) -> Digest {
    guard algorithm == .sha256 else { throw SUITPlatformFailure(.unsupportedAlgorithm) }
    var hash = SHA256()
    var offset: UInt32 = 0
    var piece = InlineArray<256, UInt8>(repeating: 0)
    while true {
      let count = read(target.component, at: offset, into: &piece)
      guard count > 0 else { break }
      hash.update(piece.span.extracting(0..<count))
      offset &+= UInt32(truncatingIfNeeded: count)
    }
    return hash.finalize()
  }

  mutating func holds(_ content: Span<UInt8>, in target: SUITTarget) throws(SUITPlatformFailure) -> Bool {
    var piece = InlineArray<256, UInt8>(repeating: 0)
    guard read(target.component, at: 0, into: &piece) == content.count else { return false }
    var difference: UInt8 = 0
    for index in 0..<content.count { difference |= content[index] ^ piece[index] }
    return difference == 0
  }

  mutating func fetch(
    _ uri: Span<UInt8>, into target: SUITTarget, options: SUITTransferOptions
  ) throws(SUITPlatformFailure) {
    let status = unsafe uri.withUnsafeBufferPointer { bytes -> Int32 in
      guard let base = bytes.baseAddress else { return -1 }
      return unsafe board_fetch(
        UInt32(target.component.rawValue), base, UInt32(truncatingIfNeeded: bytes.count))
    }
    guard status == 0 else { throw SUITPlatformFailure(.transportInterrupted) }
  }

  mutating func store(
    _ bytes: Span<UInt8>, into target: SUITTarget, options: SUITTransferOptions
  ) throws(SUITPlatformFailure) {
    let status = unsafe bytes.withUnsafeBufferPointer { bytes -> Int32 in
      guard let base = bytes.baseAddress else { return 0 }
      return unsafe board_write(
        UInt32(target.component.rawValue), base, UInt32(truncatingIfNeeded: bytes.count))
    }
    guard status == 0 else { throw SUITPlatformFailure(.flashDeviceFailure) }
  }

  mutating func copy(
    _ source: SUITComponentHandle, into target: SUITTarget, options: SUITTransferOptions
  ) throws(SUITPlatformFailure) {
    guard board_move(UInt32(source.rawValue), UInt32(target.component.rawValue), 0) == 0 else {
      throw SUITPlatformFailure(.flashDeviceFailure)
    }
  }

  mutating func swap(
    _ source: SUITComponentHandle, with target: SUITTarget
  ) throws(SUITPlatformFailure) {
    guard board_move(UInt32(source.rawValue), UInt32(target.component.rawValue), 1) == 0 else {
      throw SUITPlatformFailure(.flashDeviceFailure)
    }
  }

  mutating func invoke(
    _ target: SUITTarget, arguments: Span<UInt8>
  ) throws(SUITPlatformFailure) -> SUITInvocation {
    guard board_boot(UInt32(target.component.rawValue)) == 0 else { throw SUITPlatformFailure(.slotEmpty) }
    return .transferred
  }

  mutating func readEnvelope(
    of component: SUITComponentHandle, into bytes: inout MutableSpan<UInt8>
  ) throws(SUITPlatformFailure) -> Int {
    let capacity = bytes.count
    let count = unsafe bytes.withUnsafeMutableBufferPointer { buffer -> UInt32 in
      guard let base = buffer.baseAddress else { return 0 }
      return unsafe board_read(
        UInt32(component.rawValue), 0, base, UInt32(truncatingIfNeeded: buffer.count))
    }
    guard Int(count) < capacity else { throw SUITPlatformFailure(.capacityExceeded) }
    return Int(count)
  }

  private func read(
    _ component: SUITComponentHandle, at offset: UInt32, into piece: inout InlineArray<256, UInt8>
  ) -> Int {
    var bytes = piece.mutableSpan
    let count = unsafe bytes.withUnsafeMutableBufferPointer { buffer -> UInt32 in
      guard let base = buffer.baseAddress else { return 0 }
      return unsafe board_read(
        UInt32(component.rawValue), offset, base, UInt32(truncatingIfNeeded: buffer.count))
    }
    return Int(min(count, 256))
  }
}

/// Processes the envelope that the board received.
///
/// - Parameters:
///   - envelope: the bytes.
///   - count: how many there are.
///   - key: a public key of Ed25519, 32 bytes.
///   - lowest: the lowest sequence number that is accepted.
///   - procedure: the raw value of a `SUITProcedure`.
///   - memory: for the manifests of dependencies.
///   - memoryCount: how many bytes that is.
/// - Returns: 0, or the number of the error.
@c(process_manifest)
public func processManifest(
  _ envelope: UnsafePointer<UInt8>, _ count: UInt32, _ key: UnsafePointer<UInt8>, _ lowest: UInt64,
  _ procedure: UInt8, _ memory: UnsafeMutablePointer<UInt8>, _ memoryCount: UInt32
) -> Int32 {
  guard let procedure = SUITProcedure(rawValue: procedure) else {
    return Int32(ErrorCode.invalidValue.rawValue)
  }
  let bytes = unsafe Span(_unsafeStart: envelope, count: Int(count))
  let point = unsafe Span(_unsafeStart: key, count: 32)
  let workspace = unsafe MutableSpan(_unsafeStart: memory, count: Int(memoryCount))
  let trusted: PublicKey
  do throws(CryptoError) {
    trusted = try PublicKey(algorithm: .ed25519, copying: point)
  } catch {
    return Int32(error.code.rawValue)
  }
  let authority = SUITAuthority(
    verifier: BoardVerifier(), hash: SHA256.self, trustStore: TrustStore(trusted, for: .manifest))
  do throws(ManifestError) {
    let verified = try authority.authenticate(bytes, atLeast: SequenceNumber(lowest))
    var processor = SUITProcessor<BoardPlatform, BoardVerifier, SHA256>(
      verified, authority: authority, memory: workspace)
    var platform = BoardPlatform()
    do throws(SUITProcessingError) {
      try processor.run(procedure, on: &platform)
      return 0
    } catch {
      return Int32(error.code.rawValue)
    }
  } catch {
    return Int32(error.code.rawValue)
  }
}
