import OTACore
import OTACrypto
import OTADelta
import OTADeltaEncoder
import OTAFlashSimulator
import OTAInPlace
import OTAPartition
import OTATesting
import Testing

/// The engine with the patches that the encoder makes.
@Suite("Updates in place with native patches")
struct NativePatchTests {
  private static let memory = 24 << 10

  /// An image of so many bytes, and one with a few bytes inserted and others changed.
  private static func bench(size: Int, inserted: Int, slot: UInt32) throws -> Bench {
    var bench = try Bench(oldSize: size, newSize: size + inserted, slot: slot)
    bench.new = bench.old
    bench.new.insert(contentsOf: Bench.bytes(inserted, seed: 5), at: size / 3)
    for index in stride(from: 100, to: bench.new.count, by: 97) { bench.new[index] ^= 0x11 }
    let place = try #require(InPlaceSlot(size: slot * Bench.block, eraseSize: Bench.block))
    let options = NativeEncoder.Options(memory: UInt32(memory))
    bench.forward = try InPlaceEncoder.makePatch(
      old: bench.old, new: bench.new, slot: place, options: options)
    bench.back = try InPlaceEncoder.makePatch(old: bench.new, new: bench.old, slot: place, options: options)
    return bench
  }

  private static func requested(_ bench: Bench) throws -> SharedFlash {
    let device = try bench.device()
    var storage = try bench.opened(device)
    let payload = try bench.stage(&storage)
    try storage.begin(payload, codec: NativeSegmentCodec.self, attempts: 16)
    return device
  }

  private static func boot(
    _ bench: Bench, _ device: SharedFlash, memory: Int = memory
  ) throws(InPlaceError) -> InPlaceStorage<SharedFlash, SHA256> {
    var storage = try InPlaceStorage(opening: device, layout: bench.layout, hash: SHA256.self)
    var codec = NativeSegmentCodec(memory: DecoderMemory(allocating: memory))
    _ = try storage.boot(with: &codec)
    return storage
  }

  @Test("A native patch is applied and undone in one slot", arguments: [UInt32(30), 40])
  func update(_ slot: UInt32) throws {
    let bench = try Self.bench(size: 3000, inserted: 200, slot: slot)
    #expect(bench.payload.count < 2000)
    let device = try Self.requested(bench)
    var storage = try Self.boot(bench, device)
    #expect(bench.slot(device, 3200) == bench.new)
    try storage.revert(.healthCheckFailed)
    storage = try Self.boot(bench, device)
    #expect(bench.slot(device, 3000) == bench.old)
    #expect(storage.state.lastRevert == .healthCheckFailed)
  }

  @Test("A patch that declares more memory than there is changes nothing")
  func memory() throws {
    let bench = try Self.bench(size: 700, inserted: 60, slot: 10)
    let device = try Self.requested(bench)
    let storage = try Self.boot(bench, device, memory: 256)
    #expect(storage.state.lastRevert == .deltaMemoryExceeded)
    #expect(bench.slot(device, 700) == bench.old)
    #expect(device.snapshot.wear[..<10].allSatisfy { $0 == 0 })
  }

  @Test("Native patches survive cuts")
  func cuts() async throws {
    let report = try await onOwnThread {
      let bench = try Self.bench(size: 400, inserted: 40, slot: 6)
      let layout = bench.layout
      var checker = PowerLossChecker(
        seed: TestSeed.value, depth: TestSeed.isSlow ? 1 : 0,
        mayChange: [layout.slot, layout.store, layout.journalA, layout.journalB])
      checker.randomWalks = .init(count: 40, length: 3)
      func problem(_ device: SharedFlash, isLast: Bool) -> String? {
        do throws(InPlaceError) {
          let storage = try Self.boot(bench, device)
          let (old, new) = (bench.slot(device, bench.old.count), bench.slot(device, bench.new.count))
          if isLast { return old == bench.old && storage.state.lastRevert != nil ? nil : "it is not undone" }
          return old == bench.old || new == bench.new ? nil : "what runs is no image"
        } catch {
          return "\(error)"
        }
      }
      return checker.check(
        try Self.requested(bench).snapshot,
        step: { device throws(InPlaceError) in
          var storage = try Self.boot(bench, device)
          switch storage.state.phase {
          case .confirmed: return true
          case .trial: try storage.revert(.healthCheckFailed)
          case .applying, .reverting: throw .noBootableImage
          }
          return false
        },
        invariant: { problem($0, isLast: false) }, completion: { problem($0, isLast: true) })
    }
    print("in place, native patches: \(report)")
    #expect(report.violations.isEmpty, "\(report)")
    #expect(report.operations >= 30 && report.walkedCuts > 50)
  }
}
