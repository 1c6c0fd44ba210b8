import OTACore
import OTAFlashSimulator
import OTAPartition
import OTATesting
import Testing

/// Somebody who keeps every state that the flash ever had, and puts them back whenever he likes.
@Suite("SecureStorage against replay")
struct SecureReplayTests {
  @Test("Nothing that was ever in flash comes back, also not from interrupted updates")
  func replay() async throws {
    let bench = SecureBench(board: try TestBoard.uniform())
    print("replay: seed \(TestSeed.value)")
    let problem = try await onOwnThread {
      ReplayAttack(bench: bench, seed: TestSeed.value, histories: TestSeed.isSlow ? 400 : 12).run {
        device, counter, seed throws(StorageError) in
        try ReplayedStore(opening: device, counter: counter, seed: seed, bench: bench)
      }
    }
    #expect(problem == nil)
  }

  @Test("The same attack finds storages with one rule left out", arguments: ToySecureStorageFlaw.replayable)
  func flawed(_ flaw: ToySecureStorageFlaw) async throws {
    let problem = try await attackToy(flaw)
    print("wrong secure storage, \(flaw): \(problem ?? "not found")")
    #expect(problem != nil)
  }

  @Test("The same storage with every rule in withstands it")
  func whole() async throws {
    #expect(try await attackToy(nil) == nil)
  }

  private func attackToy(_ flaw: ToySecureStorageFlaw?) async throws -> String? {
    var bench = SecureBench(board: try TestBoard.uniform())
    bench.recordCapacity = 288
    let attack = ReplayAttack(bench: bench, seed: TestSeed.value, histories: flaw == nil ? 8 : 200)
    return try await onOwnThread { [bench] in
      attack.run { device, counter, seed throws(StorageError) in
        try ToySecureStorage(opening: device, counter: counter, seed: seed, bench: bench, flaw: flaw)
      }
    }
  }
}

/// Runs a storage through random histories of updates, cuts, and old states of its flash.
struct ReplayAttack: Sendable {
  let bench: SecureBench
  let seed: UInt64
  let histories: Int

  /// - Parameter open: opens the storage on a device, with a counter and a seed for its random numbers.
  /// - Returns: what went wrong, or `nil`.
  func run<Store: ValueStore>(
    _ open: (SharedFlash, TestCounter, UInt64) throws(StorageError) -> Store
  ) -> String? {
    var random = SplitMix64(seed: seed)
    for history in 0..<histories {
      if let problem = attack(open, &random) { return "history \(history): \(problem)" }
    }
    return nil
  }

  /// What the owner of the device knows.
  private struct Owner {
    /// The value of the last update that returned.
    var committed: UInt32 = 0
    /// The values of updates since then that never returned: each of them may be there or not.
    var attempted: Set<UInt32> = []
    /// The last value that was tried.
    var last: UInt32 = 0

    func accepts(_ value: UInt32) -> Bool { value == committed || attempted.contains(value) }
  }

  private func attack<Store: ValueStore>(
    _ open: (SharedFlash, TestCounter, UInt64) throws(StorageError) -> Store, _ random: inout SplitMix64
  ) -> String? {
    let counter = TestCounter()
    var flash = bench.board.used(seed: random.next())
    var kept = [flash]
    var owner = Owner()
    for start in 0..<12 {
      for (number, old) in kept.enumerated() {
        for state in [old, forged(old, number: counter.present), forged(old, number: counter.present + 1)] {
          guard let value = read(state, TestCounter(counter.present), open) else { continue }
          guard owner.accepts(value) else {
            return "start \(start): \(owner.committed) was committed, state \(number) says \(value)"
          }
        }
      }
      // Every third start, from an old state that is still accepted.
      var isGenuine = true
      if random.next() % 3 == 0, let old = kept.randomElement(using: &random),
        read(old, TestCounter(counter.present), open) != nil
      {
        flash = old
        isGenuine = false
      }
      flash.restorePower(seed: random.next())
      let device = SharedFlash(flash)
      switch random.next() % 4 {
      case 0: counter.cutPower(atStep: Int(random.next() % 3), .before)
      case 1: counter.cutPower(atStep: Int(random.next() % 3), [.between, .after][Int(random.next() % 2)])
      case 2:
        let outcomes = TornOutcome.all(
          for: SimulatedFlash.Operation(kind: .write, range: 0..<488), unit: 4, seed: random.next())
        let outcome = outcomes[Int(random.next() % UInt64(outcomes.count))]
        device.withFlash { $0.cutPower(atOperation: Int(random.next() % 8), outcome: outcome) }
      default: break
      }
      do throws(StorageError) {
        var store = try open(device, counter, random.next())
        guard owner.accepts(store.value) else { return "start \(start): opened with \(store.value)" }
        for _ in 0...random.next() % 2 {
          owner.last += 1
          owner.attempted.insert(owner.last)
          try store.commit(owner.last)
          owner.committed = owner.last
          owner.attempted = []
          kept.append(device.snapshot)
        }
      } catch {
        guard error == .flash(.powerLost) else {
          return "start \(start), \(isGenuine ? "untouched" : "from an old state"): \(error)"
        }
      }
      counter.restorePower()
      flash = device.snapshot
      flash.restorePower(seed: random.next())
      kept.append(flash)
    }
    return nil
  }

  private func read<Store: ValueStore>(
    _ flash: SimulatedFlash, _ counter: TestCounter,
    _ open: (SharedFlash, TestCounter, UInt64) throws(StorageError) -> Store
  ) -> UInt32? {
    var flash = flash
    flash.restorePower(seed: 1)
    return try? open(SharedFlash(flash), counter, 1).value
  }

  /// The same flash, but all records in it have another number, and their checksums are right.
  private func forged(_ flash: SimulatedFlash, number: UInt64) -> SimulatedFlash {
    var flash = flash
    var contents = flash.contents
    let place = RawPlace(bench.board.geometry, capacity: bench.recordCapacity)
    for (index, (start, payload)) in place.payloads(in: contents, areas: bench.areas).enumerated()
    where payload.count >= 16 {
      var payload = payload
      for byte in 0..<8 { payload[8 + byte] = UInt8(truncatingIfNeeded: number >> UInt64(8 * byte)) }
      place.write(payload, sequence: UInt32(index + 1), to: &contents, at: UInt32(start))
    }
    flash.setContents(contents)
    return flash
  }
}

/// The storage of the product, with a counter outside, and numbers as values.
final class ReplayedStore: ValueStore {
  private var device: SharedFlash
  private var storage: TestStorage
  private(set) var value: UInt32 = 0

  init(
    opening device: SharedFlash, counter: TestCounter, seed: UInt64, bench: SecureBench
  ) throws(StorageError) {
    self.device = device
    guard let storage = try? bench.storage(counter, seed: seed) else { throw .unsupportedAlgorithm }
    self.storage = storage
    do throws(SecureStorageError) {
      try self.storage.open(&self.device)
      if let number = try self.storage.value(of: StorageKey(1)) {
        value = (0..<4).reduce(0) { $0 | UInt32(number[$1]) << UInt32(8 * $1) }
      }
    } catch {
      throw StorageError(error)
    }
  }

  func commit(_ value: UInt32) throws(StorageError) {
    let bytes = (0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32(8 * $0)) }
    do throws(SecureStorageError) {
      try storage.set(StorageKey(1), to: bytes.span, on: &device)
    } catch {
      throw StorageError(error)
    }
    self.value = value
  }
}
