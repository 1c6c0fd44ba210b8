import OTACore
import OTACrypto
import OTACryptoSodium
import OTAFlashSimulator
import OTAPartition
import OTATesting
import Testing

/// The storage and a counter in the same world: the power goes in the operations of either, and between the two.
@Suite("SecureStorage under power cuts")
struct SecurePowerLossTests {
  @Test("Committed values survive every cut and every second cut", arguments: try TestBoard.all())
  func storage(_ board: TestBoard) async throws {
    let bench = SecureBench(board: board)
    let counting = CountingScenario(goal: 6, perSession: 2)
    let checker = PowerLossChecker(
      seed: TestSeed.value, secondCuts: TestSeed.isSlow ? .sampled(40) : .sampled(1), readings: 2,
      mayChange: bench.areas + bench.counterAreas)
    let report = try await onOwnThread {
      counting.check(try bench.provisioned(), with: checker) { device throws(StorageError) in
        try SecureValueStore(opening: device, bench: bench)
      }
    }
    print("secure storage, \(board.name): \(report)")
    #expect(report.violations.isEmpty, "\(report)")
    #expect(report.operations >= 30)
    #expect(report.singleCuts > 10 * report.operations)
  }

  @Test("A counter in flash never goes back, and is never lost", arguments: try TestBoard.all())
  func counter(_ board: TestBoard) async throws {
    let bench = SecureBench(board: board)
    let counting = CountingScenario(goal: 8, perSession: 3)
    let checker = PowerLossChecker(
      seed: TestSeed.value, secondCuts: TestSeed.isSlow ? .sampled(40) : .sampled(1), readings: 4,
      mayChange: bench.counterAreas)
    let report = try await onOwnThread {
      counting.check(try bench.provisioned(), with: checker) { device throws(StorageError) in
        try CounterValueStore(opening: device, bench: bench)
      }
    }
    print("counter in flash, \(board.name): \(report)")
    #expect(report.violations.isEmpty, "\(report)")
    #expect(report.operations >= 12)
  }

  @Test("Formatting ends with an empty storage, whenever the power goes", arguments: try TestBoard.all())
  func format(_ board: TestBoard) async throws {
    let bench = SecureBench(board: board)
    let checker = PowerLossChecker(
      seed: TestSeed.value, secondCuts: TestSeed.isSlow ? .sampled(40) : .sampled(1), readings: 2,
      mayChange: bench.areas + bench.counterAreas)
    let report = try await onOwnThread {
      let device = SharedFlash(try bench.provisioned())
      let store = try SecureValueStore(opening: device, bench: bench)
      try store.commit(5)
      var start = device.snapshot
      start.resetCounters()
      return checker.check(
        start,
        scenario: { device throws(StorageError) in try SecureValueStore.format(device, bench: bench) },
        invariant: { device in
          do throws(StorageError) {
            let value = try SecureValueStore(opening: device, bench: bench).value
            return value == 5 || value == 0 ? nil : "value \(value) was never written"
          } catch {
            // Refused, until it is formatted again.
            return error == .sequenceNumberReplayed || error == .journalEmpty ? nil : "\(error)"
          }
        },
        completion: { device in
          do throws(StorageError) {
            return try SecureValueStore(opening: device, bench: bench).value == 0 ? nil : "not empty"
          } catch {
            return "cannot be opened: \(error)"
          }
        })
    }
    print("format of a secure storage, \(board.name): \(report)")
    #expect(report.violations.isEmpty, "\(report)")
    #expect(report.operations >= 6)
  }
}

extension SecureBench {
  /// A device full of noise, but for a counter at zero.
  func provisioned() throws -> SimulatedFlash {
    let device = SharedFlash(board.used())
    var counter = try JournalCounter(on: device, areaA: counterAreas[0], areaB: counterAreas[1])
    try counter.provision()
    var flash = device.snapshot
    flash.resetCounters()
    return flash
  }
}

extension StorageError {
  /// What a scenario throws, which knows this type only.
  init(_ error: SecureStorageError) {
    switch error {
    case .storage(let error): self = error
    case .counter(.powerLost): self = .flash(.powerLost)
    case .replayed: self = .sequenceNumberReplayed
    case .missing: self = .journalEmpty
    case .record(let error): self = .record(error)
    case .tampered, .counterBehind, .counter, .crypto, .full, .bufferTooSmall, .notOpen:
      self = .imageDigestMismatch
    }
  }
}

/// The storage of the product, with a counter in flash, and numbers as values: each one as two values that belong
/// together.
final class SecureValueStore: ValueStore {
  private typealias Storage = SecureStorage<JournalCounter<SharedFlash>, XChaCha20Poly1305, TestRandom>

  private var device: SharedFlash
  private var storage: Storage
  private(set) var value: UInt32 = 0

  init(opening device: SharedFlash, bench: SecureBench) throws(StorageError) {
    self.device = device
    storage = try SecureValueStore.storage(device, bench)
    do throws(SecureStorageError) {
      try storage.open(&self.device)
      guard let number = try storage.value(of: StorageKey(1)) else {
        guard try storage.value(of: StorageKey(2)) == nil else { throw .tampered }
        return
      }
      guard number.count == 4 else { throw .tampered }
      value = (0..<4).reduce(0) { $0 | UInt32(number[$1]) << UInt32(8 * $1) }
      guard try storage.value(of: StorageKey(2)) == RealStore.payload(value) else { throw .tampered }
    } catch {
      throw StorageError(error)
    }
  }

  func commit(_ value: UInt32) throws(StorageError) {
    let payload = RealStore.payload(value)
    do throws(SecureStorageError) {
      try storage.update(on: &device) { (values) throws(SecureStorageError) in
        try values.set(StorageKey(2), payload.span)
        try values.set(StorageKey(1), payload.span.extracting(0..<4))
      }
    } catch {
      throw StorageError(error)
    }
    self.value = value
  }

  static func format(_ device: SharedFlash, bench: SecureBench) throws(StorageError) {
    var device = device
    var storage = try storage(device, bench)
    do throws(SecureStorageError) { try storage.format(&device) } catch { throw StorageError(error) }
  }

  private static func storage(_ device: SharedFlash, _ bench: SecureBench) throws(StorageError) -> Storage {
    do {
      let counter = try JournalCounter(on: device, areaA: bench.counterAreas[0], areaB: bench.counterAreas[1])
      // Another start draws other numbers; the same run the same ones.
      let note = device.withFlash { $0.note }
      return try SecureStorage(
        areaA: bench.areas[0], areaB: bench.areas[1], on: device.geometry, identifier: bench.identifier,
        counter: counter, cipher: try bench.cipher(), random: TestRandom(seed: note))
    } catch let error as LayoutError {
      throw .layout(error)
    } catch {
      throw .unsupportedAlgorithm
    }
  }
}

/// The counter of the product.
final class CounterValueStore: ValueStore {
  private var counter: JournalCounter<SharedFlash>
  private(set) var value: UInt32

  init(opening device: SharedFlash, bench: SecureBench) throws(StorageError) {
    do throws(LayoutError) {
      counter = try JournalCounter(on: device, areaA: bench.counterAreas[0], areaB: bench.counterAreas[1])
    } catch {
      throw .layout(error)
    }
    value = 0
    do throws(CounterError) {
      value = UInt32(truncatingIfNeeded: try counter.value())
    } catch {
      throw StorageError(.counter(error))
    }
  }

  func commit(_ value: UInt32) throws(StorageError) {
    do throws(CounterError) {
      try counter.advance(to: UInt64(value))
    } catch {
      throw StorageError(.counter(error))
    }
    self.value = value
  }
}
