import OTACore
import OTACrypto
import OTACryptoSodium
import OTAFlashSimulator
import OTAPartition
import Synchronization

/// A counter in memory, whose power can fail in a step.
final class TestCounter: MonotonicCounter, Sendable {
  /// Where the power goes.
  enum Cut: Sendable {
    /// Before the step has done anything.
    case before
    /// After the first of the steps of one.
    case between
    /// After the step is complete, before it returns.
    case after
  }

  private struct State: Sendable {
    var value: UInt64
    var cut: (step: Int, kind: Cut)?
    var failure: CounterError?
    var isStuck = false
    var steps = 0
  }

  private let state: Mutex<State>

  init(_ value: UInt64 = 0) { state = Mutex(State(value: value)) }

  /// The number, whether there is power or not.
  var present: UInt64 {
    get { state.withLock { $0.value } }
    set { state.withLock { $0.value = newValue } }
  }

  /// What every call throws.
  var failure: CounterError? {
    get { state.withLock { $0.failure } }
    set { state.withLock { $0.failure = newValue } }
  }

  /// Whether it says that it was raised, and was not.
  var isStuck: Bool {
    get { state.withLock { $0.isStuck } }
    set { state.withLock { $0.isStuck = newValue } }
  }

  /// How often it was raised.
  var steps: Int { state.withLock { $0.steps } }

  /// Lets the power fail in a step to come; 0 is the next.
  func cutPower(atStep step: Int, _ kind: Cut) { state.withLock { $0.cut = ($0.steps + step, kind) } }

  func restorePower() {
    state.withLock {
      $0.cut = nil
      $0.failure = nil
    }
  }

  func value() throws(CounterError) -> UInt64 {
    try state.withLock { (state) throws(CounterError) in
      if let failure = state.failure { throw failure }
      return state.value
    }
  }

  func advance(to value: UInt64) throws(CounterError) {
    try state.withLock { (state) throws(CounterError) in
      if let failure = state.failure { throw failure }
      guard value >= state.value else { throw .wouldGoBack }
      guard value > state.value, !state.isStuck else { return }
      let number = state.steps
      state.steps += 1
      guard let cut = state.cut, cut.step == number else {
        state.value = value
        return
      }
      state.failure = .powerLost
      switch cut.kind {
      case .before: break
      case .between: state.value += 1
      case .after: state.value = value
      }
      throw .powerLost
    }
  }
}

/// Random numbers that are the same in every run, or none.
struct TestRandom: RandomSource {
  var generator: SplitMix64
  var isBroken = false

  init(seed: UInt64) { generator = SplitMix64(seed: seed) }

  mutating func fill(_ bytes: inout MutableSpan<UInt8>) throws(CryptoError) {
    guard !isBroken else { throw .unavailable }
    for index in 0..<bytes.count { bytes[index] = UInt8(truncatingIfNeeded: generator.next()) }
  }
}

typealias TestStorage = SecureStorage<TestCounter, XChaCha20Poly1305, TestRandom>

/// A secure storage where other tests have their journal, and a counter where they have their first slot.
struct SecureBench: Sendable {
  static let identifier = UniversalIdentifier(high: 0x0102_0304_0506_0708, low: 0x090a_0b0c_0d0e_0f10)

  let board: TestBoard
  var key: UInt8 = 7
  var identifier = SecureBench.identifier
  /// The longest payload of the journal below, in bytes.
  var recordCapacity = 460

  var areas: [Range<UInt32>] { [board.layout.journalA, board.layout.journalB] }
  var counterAreas: [Range<UInt32>] {
    let start = board.layout.slotA.lowerBound
    return [start..<start + 2048, start + 2048..<start + 4096]
  }

  func cipher() throws(CryptoError) -> XChaCha20Poly1305 {
    let bytes = [UInt8](repeating: key, count: 32)
    return try XChaCha20Poly1305(key: SecretBytes(copying: bytes.span))
  }

  /// A storage that is not open.
  func storage(_ counter: TestCounter, seed: UInt64 = 1, brokenRandom: Bool = false) throws -> TestStorage {
    var random = TestRandom(seed: seed)
    random.isBroken = brokenRandom
    return try SecureStorage(
      areaA: areas[0], areaB: areas[1], on: board.geometry, identifier: identifier, counter: counter,
      cipher: try cipher(), random: random)
  }

  /// What opening the storage says; `nil` if it opens.
  func refusal(of flash: SimulatedFlash, _ counter: TestCounter) throws -> SecureStorageError? {
    var flash = flash
    var storage = try storage(counter)
    do throws(SecureStorageError) { try storage.open(&flash) } catch { return error }
    return nil
  }

  /// All values of the keys 0 to 31, or what opening the storage throws.
  func values(on flash: SimulatedFlash, _ counter: TestCounter) throws -> [UInt16: [UInt8]] {
    var flash = flash
    var storage = try storage(counter)
    try storage.open(&flash)
    var values: [UInt16: [UInt8]] = [:]
    for key in 0..<UInt16(32) { values[key] = try storage.value(of: StorageKey(key)) }
    return values
  }

  /// A device that is full of noise and has these values, sealed one by one.
  func device(_ values: [(UInt16, [UInt8])], _ counter: TestCounter) throws -> SimulatedFlash {
    var flash = board.used()
    var storage = try storage(counter)
    try storage.open(&flash)
    for (key, value) in values { try storage.set(StorageKey(key), to: value.span, on: &flash) }
    // The journal overrules the noise in the area that was not used yet.
    try storage.open(&flash)
    flash.resetCounters()
    return flash
  }

  /// A device on which a journal holds one record, whole and sealed, with this payload.
  func device(withPayload payload: [UInt8]) -> SimulatedFlash {
    var flash = SimulatedFlash(board.geometry)
    var contents = flash.contents
    let place = RawPlace(board.geometry, capacity: 460)
    place.write(payload, sequence: 5, to: &contents, at: areas[0].lowerBound)
    flash.setContents(contents)
    return flash
  }

  /// Any bytes, sealed as the storage seals its values.
  func record(
    sealing message: [UInt8], number: UInt64, header: [UInt8]? = nil
  ) throws -> [UInt8] {
    let numberBytes = (0..<8).map { UInt8(truncatingIfNeeded: number >> UInt64(8 * $0)) }
    let head = header ?? Array("OTAS".utf8) + [1, 0, 0, 0]
    let random = [UInt8](repeating: 0x55, count: 16)
    let data = head + numberBytes + identifier.bytes
    var message = message
    var tag = [UInt8](repeating: 0, count: 16)
    let nonce = numberBytes + random
    let cipher = try cipher()
    var messageSpan = message.mutableSpan
    var tagSpan = tag.mutableSpan
    try cipher.seal(&messageSpan, tag: &tagSpan, nonce: nonce.span, associatedData: data.span)
    return head + numberBytes + random + message + tag
  }
}

extension UniversalIdentifier {
  var bytes: [UInt8] {
    [high, low].flatMap { half in (0..<8).map { UInt8(truncatingIfNeeded: half >> UInt64(56 - 8 * $0)) } }
  }
}

extension SecureStorage where Counter: ~Copyable, Cipher: ~Copyable, Random: ~Copyable {
  /// A value; `nil` if there is none.
  func value(of key: StorageKey) throws(SecureStorageError) -> [UInt8]? {
    var buffer = [UInt8](repeating: 0, count: 412)
    var span = buffer.mutableSpan
    guard let count = try read(key, into: &span) else { return nil }
    return Array(buffer.prefix(count))
  }
}

/// The bytes of a place of a journal, as Docs/PowerLossModel.md describes them, for whoever can write the flash.
struct RawPlace {
  let mark: Int
  let sealOffset: Int

  var stride: Int { sealOffset + mark }

  init(_ geometry: FlashGeometry, capacity: Int) {
    let unit = Int(geometry.writeSize)
    mark = max(unit, 8)
    sealOffset = mark + (16 + capacity + unit - 1) / unit * unit
  }

  func write(_ payload: [UInt8], sequence: UInt32, to contents: inout [UInt8], at start: UInt32) {
    let count = [UInt8(truncatingIfNeeded: payload.count), UInt8(truncatingIfNeeded: payload.count >> 8)]
    let number = (0..<4).map { UInt8(truncatingIfNeeded: sequence >> UInt32(8 * $0)) }
    let body = Array("OTAJ".utf8) + [1, 0] + count + number + payload
    let checksum = CRC32.checksum(of: body.span)
    let record = body + (0..<4).map { UInt8(truncatingIfNeeded: checksum >> UInt32(8 * $0)) }
    let start = Int(start)
    contents.replaceSubrange(start + mark..<start + mark + record.count, with: record)
    let seal: [UInt8] = (0..<mark).map { [0x53, 0xac, 0x35, 0xca][$0 % 4] }
    contents.replaceSubrange(start + sealOffset..<start + stride, with: seal)
  }

  /// The payloads of all records in some areas, and where they are.
  func payloads(in contents: [UInt8], areas: [Range<UInt32>]) -> [(start: Int, payload: [UInt8])] {
    areas.flatMap { area in
      (0..<area.count / stride).compactMap { index in
        let start = Int(area.lowerBound) + index * stride
        guard Array(contents[start + mark..<start + mark + 4]) == Array("OTAJ".utf8) else { return nil }
        let count = Int(contents[start + mark + 6]) | Int(contents[start + mark + 7]) << 8
        guard count <= sealOffset - mark - 16 else { return nil }
        return (start, Array(contents[start + mark + 12..<start + mark + 12 + count]))
      }
    }
  }
}
