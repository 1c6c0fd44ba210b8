import OTACore
import OTACrypto
import OTAFlashSimulator
import OTAPartition
import Testing

@Suite("SecureStorage")
struct SecureStorageTests {
  @Test("A new device has no values, and takes some", arguments: try TestBoard.all())
  func roundTrip(_ board: TestBoard) throws {
    let bench = SecureBench(board: board)
    let counter = TestCounter()
    var flash = board.used()
    var storage = try bench.storage(counter)
    try storage.open(&flash)
    #expect(storage.recordNumber == 0)
    #expect(try storage.value(of: StorageKey(1)) == nil)
    let secret: [UInt8] = Array("the secret".utf8)
    try storage.set(StorageKey(1), to: secret.span, on: &flash)
    #expect(try storage.value(of: StorageKey(1)) == secret)
    #expect(try storage.count(of: StorageKey(1)) == secret.count)
    #expect(storage.recordNumber == counter.present)
    #expect(try bench.values(on: flash, counter) == [1: secret])
    try storage.remove(StorageKey(1), on: &flash)
    #expect(try storage.value(of: StorageKey(1)) == nil)
    #expect(try bench.values(on: flash, counter) == [:])
  }

  @Test("Any values come back, over many sessions", arguments: try TestBoard.all())
  func model(_ board: TestBoard) throws {
    print("secure storage model: seed \(TestSeed.value)")
    var random = SplitMix64(seed: TestSeed.value)
    let bench = SecureBench(board: board)
    let counter = TestCounter()
    var flash = board.used()
    var model: [UInt16: [UInt8]] = [:]
    for session in 0..<40 {
      var storage = try bench.storage(counter, seed: UInt64(session))
      try storage.open(&flash)
      for _ in 0..<random.next() % 6 {
        var next = model
        var changes: [(UInt16, [UInt8]?)] = []
        for _ in 0...random.next() % 3 {
          let key = UInt16(random.next() % 8)
          let value = (0..<random.next() % 120).map { _ in UInt8(truncatingIfNeeded: random.next()) }
          changes.append((key, random.next() % 3 == 0 ? nil : value))
          next[key] = changes[changes.count - 1].1
        }
        var error: SecureStorageError?
        do throws(SecureStorageError) {
          try storage.update(on: &flash) { (values) throws(SecureStorageError) in
            for (key, value) in changes {
              if let value {
                try values.set(StorageKey(key), value.span)
              } else {
                values.remove(StorageKey(key))
              }
              #expect(values.count(of: StorageKey(key)) == value?.count)
            }
          }
        } catch let failure {
          error = failure
        }
        let size = next.values.reduce(0) { $0 + $1.count + SecureValues.entryOverhead }
        if error == nil { model = next } else { #expect(error == .full) }
        #expect(size > SecureValues.capacity || error == nil || changes.count > 1)
        for key in 0..<UInt16(8) { #expect(try storage.value(of: StorageKey(key)) == model[key]) }
      }
      #expect(try bench.values(on: flash, counter) == model)
    }
    #expect(!model.isEmpty)
  }

  @Test("Values of no byte and of as many as there can be are kept; one more is refused")
  func sizes() throws {
    let bench = SecureBench(board: try TestBoard.uniform())
    let counter = TestCounter()
    var flash = try bench.device([(3, [])], counter)
    var storage = try bench.storage(counter)
    try storage.open(&flash)
    #expect(try storage.value(of: StorageKey(3)) == [])
    try storage.remove(StorageKey(3), on: &flash)
    let largest = [UInt8](repeating: 0xa5, count: 408)
    try storage.set(StorageKey(.max), to: largest.span, on: &flash)
    #expect(try storage.value(of: StorageKey(.max)) == largest)
    let tooLarge = [UInt8](repeating: 0xa5, count: 409)
    flash.resetCounters()
    #expect(throws: SecureStorageError.full) { try storage.set(StorageKey(1), to: tooLarge.span, on: &flash) }
    #expect(throws: SecureStorageError.full) {
      try storage.set(StorageKey(.max), to: tooLarge.span, on: &flash)
    }
    let empty: [UInt8] = []
    #expect(throws: SecureStorageError.full) { try storage.set(StorageKey(1), to: empty.span, on: &flash) }
    #expect(flash.counters.modifications == 0)
    #expect(try storage.value(of: StorageKey(.max)) == largest)
    var buffer = [UInt8](repeating: 9, count: 407)
    #expect(throws: SecureStorageError.bufferTooSmall) {
      var span = buffer.mutableSpan
      return try storage.read(StorageKey(.max), into: &span)
    }
    #expect(buffer == [UInt8](repeating: 9, count: 407))
  }

  @Test("An update whose closure throws changes nothing, in flash and in the counter")
  func refusedUpdate() throws {
    let bench = SecureBench(board: try TestBoard.uniform())
    let counter = TestCounter()
    var flash = try bench.device([(1, [1]), (2, [2])], counter)
    let before = counter.present
    var storage = try bench.storage(counter)
    try storage.open(&flash)
    let value: [UInt8] = [9]
    #expect(throws: SecureStorageError.bufferTooSmall) {
      try storage.update(on: &flash) { (values) throws(SecureStorageError) in
        try values.set(StorageKey(1), value.span)
        values.remove(StorageKey(2))
        throw .bufferTooSmall
      }
    }
    #expect(flash.counters.modifications == 0 && counter.present == before)
    #expect(try storage.value(of: StorageKey(1)) == [1])
    #expect(try bench.values(on: flash, counter) == [1: [1], 2: [2]])
  }

  @Test("Several changes are one record", arguments: try TestBoard.all())
  func batch(_ board: TestBoard) throws {
    let bench = SecureBench(board: board)
    let counter = TestCounter()
    var flash = try bench.device([(1, [1]), (2, [2])], counter)
    var storage = try bench.storage(counter)
    try storage.open(&flash)
    try storage.set(StorageKey(3), to: [3].span, on: &flash)
    let before = storage.recordNumber
    flash.resetCounters()
    try storage.update(on: &flash) { (values) throws(SecureStorageError) in
      try values.set(StorageKey(1), [9].span)
      values.remove(StorageKey(2))
      try values.set(StorageKey(0), [8, 8].span)
    }
    #expect(storage.recordNumber == before + 1)
    #expect(flash.counters.writes == 2)
    #expect(try bench.values(on: flash, counter) == [0: [8, 8], 1: [9], 3: [3]])
    try storage.update(on: &flash) { (values) throws(SecureStorageError) in values.removeAll() }
    #expect(try bench.values(on: flash, counter) == [:])
  }

  @Test("Opening writes nothing, nor do changes that change nothing", arguments: try TestBoard.all())
  func quiet(_ board: TestBoard) throws {
    let bench = SecureBench(board: board)
    let counter = TestCounter()
    var flash = try bench.device([(1, [1]), (2, [2])], counter)
    let before = counter.present
    for _ in 0..<5 {
      var storage = try bench.storage(counter)
      try storage.open(&flash)
      try storage.set(StorageKey(2), to: [2].span, on: &flash)
      try storage.remove(StorageKey(7), on: &flash)
      try storage.update(on: &flash) { _ in }
    }
    #expect(flash.counters.modifications == 0)
    #expect(counter.present == before)
  }

  @Test("No clear byte is in flash, nor in the storage while nobody uses it")
  func secrecy() throws {
    let bench = SecureBench(board: try TestBoard.uniform())
    let counter = TestCounter()
    let secret: [UInt8] = Array("a secret of 23 bytes...".utf8)
    var flash = try bench.device([(1, secret)], counter)
    #expect(!flash.contents.contains(secret))
    var storage = try bench.storage(counter)
    try storage.open(&flash)
    #expect(try storage.value(of: StorageKey(1)) == secret)
    try storage.set(StorageKey(2), to: secret.span, on: &flash)
    let bytes = unsafe withUnsafeBytes(of: &storage) { unsafe [UInt8]($0) }
    #expect(bytes.count > 460)
    #expect(!bytes.contains(secret))
    #expect(!flash.contents.contains(secret))
  }

  @Test("A storage that was not opened, or whose last update failed, gives and takes nothing")
  func notOpen() throws {
    let bench = SecureBench(board: try TestBoard.uniform())
    let counter = TestCounter()
    var flash = try bench.device([(1, [1])], counter)
    var storage = try bench.storage(counter)
    #expect(throws: SecureStorageError.notOpen) { try storage.value(of: StorageKey(1)) }
    #expect(throws: SecureStorageError.notOpen) { try storage.count(of: StorageKey(1)) }
    #expect(throws: SecureStorageError.notOpen) {
      try storage.set(StorageKey(1), to: [2].span, on: &flash)
    }
    try storage.open(&flash)
    counter.cutPower(atStep: 0, .before)
    #expect(throws: SecureStorageError.counter(.powerLost)) {
      try storage.set(StorageKey(1), to: [2].span, on: &flash)
    }
    #expect(throws: SecureStorageError.notOpen) { try storage.value(of: StorageKey(1)) }
    counter.restorePower()
    try storage.open(&flash)
    #expect(try storage.value(of: StorageKey(1)) == [1])
    try storage.set(StorageKey(1), to: [2].span, on: &flash)
    #expect(try bench.values(on: flash, counter) == [1: [2]])
  }

  @Test("Every error has a number of its own, but for those of parts")
  func codes() {
    let errors: [SecureStorageError] = [
      .tampered, .replayed, .missing, .counterBehind, .full, .notOpen, .counter(.unavailable),
      .counter(.exhausted),
    ]
    #expect(Set(errors.map(\.code)).count == errors.count)
    for error in errors { #expect(error.code.rawValue >> 8 == 0x05) }
    #expect(SecureStorageError.storage(.journalFull).code == .journalFull)
    #expect(SecureStorageError.counter(.powerLost).code == .flashPowerLost)
    #expect(SecureStorageError.counter(.wouldGoBack).code == .counterMismatch)
    #expect(SecureStorageError.crypto(.unavailable).code == .cryptoUnavailable)
    #expect(SecureStorageError.record(ParseError(.notCanonical, at: 3)).code == .notCanonical)
    #expect(SecureStorageError.bufferTooSmall.code == .capacityExceeded)
  }
}
