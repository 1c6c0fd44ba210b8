import OTACore
import OTACrypto
import OTAManifest

/// A device with twenty components that does nothing; every third test of it holds.
struct NullPlatform: SUITPlatform {
  /// How often it was asked for anything.
  private(set) var steps = 0

  private mutating func next() -> Bool {
    steps += 1
    return steps % 3 != 0
  }

  mutating func component(named name: SUITComponentName) -> SUITComponentHandle? {
    var sum: UInt16 = 0
    for index in 0..<name.count {
      let part = name.part(index)
      for place in 0..<part.count { sum = sum &* 31 &+ UInt16(part[place]) }
    }
    return SUITComponentHandle(sum % 20)
  }

  mutating func matches(
    _ identity: SUITIdentity, _ value: Span<UInt8>, of component: SUITComponentHandle
  ) -> Bool { next() }

  mutating func isSlot(_ slot: UInt64, of component: SUITComponentHandle) -> Bool { next() }

  mutating func version(of component: SUITComponentHandle) -> SUITVersion? {
    next() ? SUITVersion(Version(1, 2, 3)) : nil
  }

  mutating func digest(
    of target: SUITTarget, algorithm: DigestAlgorithm
  ) throws(SUITPlatformFailure) -> Digest {
    guard next(), let digest = target.digest else { throw SUITPlatformFailure(.slotEmpty) }
    return digest
  }

  mutating func holds(_ content: Span<UInt8>, in target: SUITTarget) throws(SUITPlatformFailure) -> Bool {
    next()
  }

  mutating func fetch(
    _ uri: Span<UInt8>, into target: SUITTarget, options: SUITTransferOptions
  ) throws(SUITPlatformFailure) { _ = next() }

  mutating func store(
    _ bytes: Span<UInt8>, into target: SUITTarget, options: SUITTransferOptions
  ) throws(SUITPlatformFailure) { _ = next() }

  mutating func copy(
    _ source: SUITComponentHandle, into target: SUITTarget, options: SUITTransferOptions
  ) throws(SUITPlatformFailure) { _ = next() }

  mutating func swap(
    _ source: SUITComponentHandle, with target: SUITTarget
  ) throws(SUITPlatformFailure) { _ = next() }

  mutating func invoke(
    _ target: SUITTarget, arguments: Span<UInt8>
  ) throws(SUITPlatformFailure) -> SUITInvocation { next() ? .returned : .transferred }

  mutating func unlink(_ component: SUITComponentHandle) throws(SUITPlatformFailure) { _ = next() }

  mutating func readEnvelope(
    of component: SUITComponentHandle, into bytes: inout MutableSpan<UInt8>
  ) throws(SUITPlatformFailure) -> Int {
    let envelope = dependency.encoded
    guard envelope.count <= bytes.count else { throw SUITPlatformFailure(.capacityExceeded) }
    for index in envelope.indices { bytes[index] = envelope[index] }
    return envelope.count
  }

  mutating func supports(command: Int64) -> Bool { command == -300 }

  mutating func supports(parameter: Int64) -> Bool { parameter == -300 }

  mutating func perform(
    command: Int64, argument: Span<UInt8>, on target: SUITTarget
  ) throws(SUITPlatformFailure) -> Bool { next() }
}
