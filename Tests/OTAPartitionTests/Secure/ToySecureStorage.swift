import OTACore
import OTACrypto
import OTACryptoSodium
import OTAFlashSimulator
import OTAPartition
import Testing

/// A secure storage of the same design as the real one, for one number, from which single rules can be left out.
final class ToySecureStorage<Counter: MonotonicCounter & ~Copyable>: ValueStore {
  private var device: SharedFlash
  private var counter: Counter
  private let bench: SecureBench
  private let flaw: ToySecureStorageFlaw?
  private var journal: Journal
  private var random: TestRandom
  private var number: UInt64 = 0
  private var isRenewed = false
  private(set) var value: UInt32 = 0

  init(
    opening device: SharedFlash, counter: consuming Counter, seed: UInt64, bench: SecureBench,
    flaw: ToySecureStorageFlaw?
  ) throws(StorageError) {
    self.device = device
    self.counter = counter
    self.bench = bench
    self.flaw = flaw
    random = TestRandom(seed: seed)
    journal = Journal(layout: bench.board.layout, geometry: device.geometry)
    var buffer = InlineArray<288, UInt8>(repeating: 0)
    var payload = buffer.mutableSpan
    let count = try journal.open(&self.device, payload: &payload)
    let floor = try counterValue()
    guard let count else {
      guard floor == 0 || flaw == .acceptsOlder else { throw .journalEmpty }
      return
    }
    (number, value) = try unseal((0..<count).map { buffer[$0] })
    guard number >= floor || flaw == .acceptsOlder else { throw .sequenceNumberReplayed }
    guard number <= floor + 2 else { throw .superseded }
    try raise(to: number)
  }

  func commit(_ value: UInt32) throws(StorageError) {
    if !isRenewed, flaw != .neverRenews {
      try write(self.value, as: number + 2)
      isRenewed = true
    }
    try write(value, as: number + 1)
    self.value = value
  }

  private func write(_ value: UInt32, as number: UInt64) throws(StorageError) {
    let record = try seal(value, as: number)
    if flaw == .raisesCounterFirst { try raise(to: number) }
    try journal.commit(record.span, to: &device)
    try raise(to: number)
    self.number = number
  }

  private func raise(to number: UInt64) throws(StorageError) {
    guard try counterValue() < number else { return }
    do throws(CounterError) { try counter.advance(to: number) } catch { throw StorageError(.counter(error)) }
  }

  private func counterValue() throws(StorageError) -> UInt64 {
    do throws(CounterError) { return try counter.value() } catch { throw StorageError(.counter(error)) }
  }

  // Eight bytes, the number of the record, the nonce, the value, the tag.

  private func seal(_ value: UInt32, as number: UInt64) throws(StorageError) -> [UInt8] {
    var nonce = [UInt8](repeating: 0, count: 24)
    var message = (0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32(8 * $0)) }
    var tag = [UInt8](repeating: 0, count: 16)
    do throws(CryptoError) {
      var nonceSpan = nonce.mutableSpan
      try random.fill(&nonceSpan)
      var messageSpan = message.mutableSpan
      var tagSpan = tag.mutableSpan
      let data = data(number)
      try bench.cipher().seal(&messageSpan, tag: &tagSpan, nonce: nonce.span, associatedData: data.span)
    } catch {
      throw .unsupportedAlgorithm
    }
    let head = [UInt8](repeating: 0, count: 8)
    return head + (0..<8).map { UInt8(truncatingIfNeeded: number >> UInt64(8 * $0)) } + nonce + message + tag
  }

  private func unseal(_ record: [UInt8]) throws(StorageError) -> (number: UInt64, value: UInt32) {
    guard record.count == 60 else { throw .imageDigestMismatch }
    let number = (0..<8).reduce(UInt64(0)) { $0 | UInt64(record[8 + $1]) << UInt64(8 * $1) }
    var message = Array(record[40..<44])
    do throws(CryptoError) {
      var messageSpan = message.mutableSpan
      let data = data(number)
      try bench.cipher().open(
        &messageSpan, tag: record.span.extracting(44..<60), nonce: record.span.extracting(16..<40),
        associatedData: data.span)
    } catch {
      throw .imageDigestMismatch
    }
    return (number, (0..<4).reduce(UInt32(0)) { $0 | UInt32(message[$1]) << UInt32(8 * $1) })
  }

  private func data(_ number: UInt64) -> [UInt8] {
    flaw == .numberIsNotAuthenticated
      ? [] : (0..<8).map { UInt8(truncatingIfNeeded: number >> UInt64(8 * $0)) }
  }
}

/// A rule that is left out.
enum ToySecureStorageFlaw: String, CaseIterable, CustomTestStringConvertible, Sendable {
  /// Raises the counter before the record is there.
  case raisesCounterFirst
  /// Believes a record that is below the counter.
  case acceptsOlder
  /// The number of a record is not part of what is authenticated.
  case numberIsNotAuthenticated
  /// Gives the number of an update that never returned to another one.
  case neverRenews

  /// Those that need somebody who puts old states back.
  static let replayable: [ToySecureStorageFlaw] = [.acceptsOlder, .numberIsNotAuthenticated, .neverRenews]

  var testDescription: String { rawValue }
}
