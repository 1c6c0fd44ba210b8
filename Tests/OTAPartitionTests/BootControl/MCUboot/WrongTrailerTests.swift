import OTACore
import OTAFlashSimulator
import OTAPartition
import OTATesting
import Testing

/// A trailer with one mistake, or none, for requests in a swapping boot loader.
struct ToyTrailer: ~Copyable, BootControl {
  enum Flaw: String, CaseIterable, CustomTestStringConvertible, Sendable {
    /// Takes four bytes of the magic number for all of it.
    case comparesFirstWord
    /// Makes the trailer count before it says what is requested.
    case writesMagicFirst
    /// Writes over what the last request has left.
    case doesNotErase

    var testDescription: String { rawValue }
  }

  let device: SharedFlash
  let model: MCUbootModel
  let flaw: Flaw?
  /// Whether requests are for good.
  var isPermanent = false

  var maximumAttempts: UInt8 { 1 }

  private func flag(_ offset: UInt32, in slot: [UInt8]) -> UInt8 { slot[Int(offset)] }

  mutating func selection() throws(StorageError) -> BootSelection? {
    var device = device
    let offsets = model.offsets(UInt32(model.secondary.count))
    let second = try device.bytes(of: model.secondary)
    let first = try device.bytes(of: model.primary)
    let count = flaw == .comparesFirstWord ? 4 : 16
    let found = Array(second[Int(offsets.magic)..<Int(offsets.magic) + count])
    if found == Array(model.magic.prefix(count)) {
      switch flag(offsets.imageOK, in: second) {
      case 0xff: return .trial(.b, attemptsLeft: 1)
      case 1: return .confirmed(.b)
      default: break
      }
    }
    let isOnTrial =
      model.trailer(first).magic == .good && flag(offsets.copyDone, in: first) == 1
      && flag(offsets.imageOK, in: first) == 0xff
    return isOnTrial ? .trial(.a, attemptsLeft: 0) : .confirmed(.a)
  }

  mutating func requestTrial(of slot: SlotIdentifier, attempts: UInt8) throws(StorageError) {
    guard try selection() == .confirmed(.a), slot == .b else { throw .slotInUse }
    let offsets = model.offsets(UInt32(model.secondary.count))
    let start = model.secondary.lowerBound
    let magic = model.magic
    do throws(FlashError) {
      if flaw != .doesNotErase { try device.erase(0xc00..<0xe00) }
      if flaw == .writesMagicFirst { try device.write(magic.span, at: start + offsets.magic) }
      if isPermanent { try write(1, at: start + offsets.imageOK) }
      try write(isPermanent ? 3 : 2, at: start + offsets.swapInfo)
      if flaw != .writesMagicFirst { try device.write(magic.span, at: start + offsets.magic) }
    } catch {
      throw .flash(error)
    }
  }

  mutating func confirm(_ slot: SlotIdentifier) throws(StorageError) {
    guard slot == .a, try selection()?.slot == .a else { throw .notOnTrial }
    let offset = model.offsets(UInt32(model.primary.count)).imageOK
    do throws(FlashError) {
      try write(1, at: model.primary.lowerBound + offset)
    } catch {
      throw .flash(error)
    }
  }

  mutating func revert(_ cause: ErrorCode) throws(StorageError) {
    guard case .trial = try selection() else { throw .notOnTrial }
  }

  private func write(_ byte: UInt8, at offset: UInt32) throws(FlashError) {
    var unit = [UInt8](repeating: 0xff, count: Int(model.geometry.writeSize))
    unit[0] = byte
    try device.write(unit.span, at: offset)
  }
}

@Suite("The checker finds wrong trailers")
struct WrongTrailerTests {
  private static let board = MCUbootBoard(mode: .swap, writeSize: 4, alignment: 8)

  private func checker(stopsEarly: Bool) -> PowerLossChecker {
    var checker = PowerLossChecker(seed: TestSeed.value, readings: 4)
    checker.stopsEarly = stopsEarly
    return checker
  }

  /// An update that is confirmed by itself once it runs.
  private func checkTrial(_ flaw: ToyTrailer.Flaw) async throws -> PowerLossReport {
    let model = try Self.board.model()
    let checker = checker(stopsEarly: true)
    return try await onOwnThread {
      BootControlScenario<ByImage<ToyTrailer>>(
        open: { device throws(StorageError) in
          ByImage(control: ToyTrailer(device: device, model: model, flaw: flaw), device: device, model: model)
        },
        boot: { device throws(StorageError) in try model.boot(device).map { $0 == 1 ? .a : .b } },
        read: { device throws(StorageError) in try model.selected(on: device).map { $0 == 1 ? .a : .b } }
      ).check(Self.board.start(model), with: checker)
    }
  }

  /// An update for good, of an image that never confirms itself: once it has run, nothing else may.
  private func checkPermanent<Control: BootControl & ~Copyable>(
    _ request: @escaping @Sendable (SharedFlash, MCUbootModel) throws(StorageError) -> Control,
    _ body: @escaping @Sendable (inout Control) throws(StorageError) -> Void
  ) async throws -> PowerLossReport {
    let model = try Self.board.model()
    let checker = checker(stopsEarly: false)
    return try await onOwnThread {
      checker.check(
        Self.board.start(model),
        scenario: { device throws(StorageError) in
          for _ in 0..<8 {
            if try model.boot(device) == 2 {
              device.withFlash { $0.note = 1 }
              return
            }
            var control = try request(device, model)
            if try control.selection() == .confirmed(.a) { try body(&control) }
          }
        },
        invariant: { device in
          do throws(StorageError) {
            guard let version = try model.selected(on: device) else { return "nothing boots" }
            let hasRun = device.withFlash { $0.note == 1 }
            return hasRun && version != 2 ? "version \(version) boots after 2 has run" : nil
          } catch {
            return "cannot be read: \(error)"
          }
        },
        completion: { device in
          do throws(StorageError) {
            return try model.selected(on: device) == 2 ? nil : "does not end with version 2"
          } catch {
            return "cannot be read: \(error)"
          }
        })
    }
  }

  @Test(
    "Half a magic number taken for one, and remains left alone, are found",
    arguments: [ToyTrailer.Flaw.comparesFirstWord, .doesNotErase])
  func trial(_ flaw: ToyTrailer.Flaw) async throws {
    let report = try await checkTrial(flaw)
    print("wrong trailer, \(flaw): the first: \(report.violations.first.map(\.description) ?? "none")")
    #expect(!report.violations.isEmpty, "\(report)")
  }

  @Test("A magic number that is written first is found: what was for good becomes a trial")
  func magicFirst() async throws {
    let report = try await checkPermanent(
      { device, model in
        ToyTrailer(device: device, model: model, flaw: .writesMagicFirst, isPermanent: true)
      },
      { control throws(StorageError) in try control.requestTrial(of: .b, attempts: 1) })
    print("wrong trailer, magic first: the first: \(report.violations.first.map(\.description) ?? "none")")
    #expect(!report.violations.isEmpty, "\(report)")
  }

  @Test("The same request with the magic number last is not")
  func magicLast() async throws {
    let board = Self.board
    let report = try await checkPermanent(
      { device, _ throws(StorageError) in try board.open(device) },
      { control throws(StorageError) in try control.requestPermanently(.b) })
    print("request for good: \(report)")
    #expect(report.violations.isEmpty, "\(report)")
    #expect(report.operations >= 4)
  }
}
