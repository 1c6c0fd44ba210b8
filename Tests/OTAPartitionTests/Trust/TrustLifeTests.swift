import OTACore
import OTACrypto
import OTACryptoSodium
import OTAFlashSimulator
import OTAPartition
import Testing

/// Which key is good for what, from the day it comes to the day it is gone.
@Suite("Life of keys")
struct TrustLifeTests {
  /// Roots 0, 1, 2; manifests 3, images 4; then roots 0, 1, 7, manifests 5, images 6.
  private let first: TrustAnchors
  private let second: TrustAnchors

  init() throws {
    first = try TrustBench.anchors(1, roots: [0, 1, 2], manifest: [3], image: [4])
    second = try TrustBench.anchors(2, roots: [0, 1, 7], manifest: [5], image: [6])
  }

  /// The state of a device that ran number 5 under the first set, and has the second.
  private func pending() throws -> TrustState {
    try TrustState(first).following(
      try TrustBench.verified(second, after: first, signedBy: [0, 1, 5, 6]), on: .confirmed(5))
  }

  private func settled(_ state: TrustState, on image: RunningImage, by signers: [Int]) -> TrustState {
    state.settled(on: image, signers: ImageSigners(signers))
  }

  private func expect(
    _ state: TrustState, boots: [Int], installs: [Int], _ comment: Comment,
    at location: SourceLocation = #_sourceLocation
  ) throws {
    for key in 0..<10 {
      let isGood = state.accepts(TrustBench.keys[key], for: .image, to: .booting)
      #expect(isGood == boots.contains(key), "boots with key \(key), \(comment)", sourceLocation: location)
      let installs = installs.contains(key)
      #expect(
        state.accepts(TrustBench.keys[key], for: .image, to: .installing) == installs,
        "installs with key \(key), \(comment)", sourceLocation: location)
    }
    #expect(state.imageKeys(for: .booting).count == boots.count, sourceLocation: location)
    #expect(state.imageKeys(for: .installing).count == installs.count, sourceLocation: location)
  }

  @Test(
    "A key that a set leaves out boots what runs until its successor has proved itself, and installs nothing")
  func table() throws {
    try expect(TrustState(first), boots: [4], installs: [4], "before")
    let pending = try pending()
    #expect(pending.isRetirementPending)
    try expect(pending, boots: [4, 6], installs: [6], "pending")
    #expect(!pending.accepts(TrustBench.keys[3], for: .manifest, to: .installing))
    #expect(!pending.accepts(TrustBench.keys[3], for: .manifest, to: .booting))
    #expect(pending.accepts(TrustBench.keys[5], for: .manifest, to: .installing))
    // An image key that stays for booting is no manifest key and no root key.
    #expect(!pending.accepts(TrustBench.keys[4], for: .manifest, to: .booting))
    #expect(!pending.accepts(TrustBench.keys[4], for: .root, to: .booting))
    let done = settled(pending, on: .confirmed(6), by: [6])
    #expect(!done.isRetirementPending)
    try expect(done, boots: [6], installs: [6], "after")
  }

  @Test("Nothing but an image that was confirmed, and signed by the successor, ends the life of a key")
  func noProof() throws {
    let pending = try pending()
    func stays(_ image: RunningImage, _ signers: [Int]) -> Bool {
      settled(pending, on: image, by: signers) == pending
    }
    let confirmed = RunningImage.confirmed(6)
    var onTrial = confirmed
    onTrial.isSettled = false
    var keptFaulty = confirmed
    keptFaulty.isConfirmed = false
    #expect(!stays(confirmed, [6]))
    #expect(stays(onTrial, [6]) && stays(keptFaulty, [6]))
    // Signed by the old key; by a manifest key or a root key of the successor; by nobody.
    #expect(stays(confirmed, [4]) && stays(confirmed, [5]) && stays(confirmed, [0]) && stays(confirmed, []))
    // Two images, each of which needs a proof.
    let two = RunningImage.confirmed(6, imageCount: 2)
    #expect(stays(two, [6]) && stays(two, [6, 4]) && stays(confirmed, [6, 6]) && !stays(two, [6, 6]))
  }

  @Test("A set is not exchanged while an image is on trial, moves, or is being written")
  func notNow() throws {
    var image = RunningImage.confirmed(5)
    image.isSettled = false
    let link = try TrustBench.verified(second, after: first, signedBy: [0, 1, 5, 6])
    do throws(TrustAnchorError) {
      _ = try TrustState(first).following(link, on: image)
      Issue.record("exchanged")
    } catch {
      #expect(error == .updateInProgress)
    }
  }

  @Test("A set that leaves no image key out has nothing pending")
  func nothingToRetire() throws {
    let more = try TrustBench.anchors(2, roots: [0, 1, 2], manifest: [5], image: [4, 6])
    let state = try TrustState(first).following(
      try TrustBench.verified(more, after: first, signedBy: [0, 1, 5, 6]), on: .confirmed(5))
    #expect(!state.isRetirementPending)
    try expect(state, boots: [4, 6], installs: [4, 6], "both are in the set")
    // A key that comes back before it was retired is one like others again.
    let back = try TrustBench.anchors(3, roots: [0, 1, 2], manifest: [5], image: [4])
    let again = try pending().following(
      try TrustBench.verified(back, after: second, signedBy: [0, 1, 4]), on: .confirmed(5))
    #expect(!again.isRetirementPending)
    try expect(again, boots: [4], installs: [4], "the key is back")
  }

  @Test("An image that failed its trial and had to stay keeps its key as well, whatever set comes")
  func keptImage() throws {
    // Number 6, signed by key 6, was kept because number 5 was written over; then a set without key 6 comes.
    var faulty = RunningImage.confirmed(6)
    faulty.isConfirmed = false
    let third = try TrustBench.anchors(3, roots: [0, 1, 7], manifest: [5], image: [8])
    let state = try pending().following(
      try TrustBench.verified(third, after: second, signedBy: [0, 7, 8]), on: faulty)
    try expect(state, boots: [4, 6, 8], installs: [8], "kept")
    // The next set on the same image keeps no more, and one on another image would have to.
    let fourth = try TrustBench.anchors(4, roots: [0, 1, 7], manifest: [5], image: [9])
    let next = try TrustBench.verified(fourth, after: third, signedBy: [0, 1, 9])
    try expect(try state.following(next, on: faulty), boots: [4, 6, 9], installs: [9], "kept on")
    #expect(!settled(state, on: .confirmed(7), by: [8]).isRetirementPending)
  }

  @Test("Keys that do not fit are not forgotten: the set waits instead")
  func full() throws {
    let many = try TrustBench.anchors(1, roots: [0, 1], image: [10, 11, 12, 13])
    let two = try TrustBench.anchors(2, roots: [0, 1], image: [20])
    let three = try TrustBench.anchors(3, roots: [0, 1], image: [30])
    let state = try TrustState(many).following(
      try TrustBench.verified(two, after: many, signedBy: [0, 1, 20]), on: .confirmed(5))
    let next = try TrustBench.verified(three, after: two, signedBy: [0, 1, 30])
    // What ran then still runs: the chain leads on, as far as it goes.
    #expect(try state.following(next, on: .confirmed(5)).anchors == three)
    do throws(TrustAnchorError) {
      _ = try state.following(next, on: .confirmed(6))
      Issue.record("a key was forgotten")
    } catch {
      #expect(error == .retirementPending)
    }
    let later = settled(state, on: .confirmed(6), by: [20])
    #expect(try later.following(next, on: .confirmed(6)).anchors == three)
  }

  @Test("A state comes back from its bytes, also the longest, and noise is none")
  func bytes() throws {
    let states = [TrustState(first), try pending(), try pending().notEarlier(than: .max)]
    print("trust state noise: seed \(TestSeed.value)")
    var random = SplitMix64(seed: TestSeed.value)
    for state in states {
      let bytes = try TrustLifeTests.bytes(of: state)
      #expect(bytes.count <= TrustState.maximumSize)
      #expect(try TrustState(parsing: bytes.span) == state)
      for count in bytes.indices {
        #expect(throws: TrustAnchorError.self) { try TrustState(parsing: bytes.span.extracting(0..<count)) }
      }
      let longer = bytes + [0]
      #expect(throws: TrustAnchorError.self) { try TrustState(parsing: longer.span) }
      for _ in 0..<2000 {
        var noisy = bytes
        for _ in 0...random.next() % 3 {
          noisy[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
        }
        if let read = try? TrustState(parsing: noisy.span) {
          #expect(try TrustLifeTests.bytes(of: read) == noisy)
        }
      }
    }
    #expect(TrustState.maximumSize == 24 + TrustAnchors.maximumSize + TrustAnchors.imageKeySize)
  }

  static func bytes(of state: TrustState) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: TrustState.maximumSize)
    let count = try state.serialize(into: bytes.mutableSpan)
    return Array(bytes.prefix(count))
  }
}

/// Until when a set installs, with a clock and without one.
@Suite("Expiry of trust anchors")
struct TrustExpiryTests {
  private func state(issued: UInt64 = 100, expires: UInt64? = 200) throws -> TrustState {
    TrustState(
      try TrustBench.anchors(1, roots: [0, 1], manifest: [2], image: [3], issued: issued, expires: expires))
  }

  private func refusal(_ state: TrustState, at time: UInt64?) -> TrustAnchorError? {
    do throws(TrustAnchorError) {
      try state.requireValidity(at: time)
      return nil
    } catch {
      return error
    }
  }

  @Test("With a clock, a set installs until the moment that it names")
  func clock() throws {
    let state = try state()
    for time in [0, 100, 199] as [UInt64] { #expect(refusal(state, at: time) == nil) }
    for time in [200, 201, .max] as [UInt64] { #expect(refusal(state, at: time) == .expired) }
    #expect(throws: TrustAnchorError.expired) { try state.manifestKeys(at: 200) }
    #expect(try state.manifestKeys(at: 199).trustStore.count == 1)
    #expect(refusal(try self.state(expires: nil), at: .max) == nil)
  }

  @Test("Without a clock, a set expires when another signed document says how late it is")
  func noClock() throws {
    let state = try state()
    #expect(state.earliestTime == 100)
    #expect(refusal(state, at: nil) == nil)
    let later = state.notEarlier(than: 250)
    #expect(refusal(later, at: nil) == .expired)
    // The time never goes back, and a clock that was set back helps nobody.
    #expect(later.notEarlier(than: 10) == later)
    #expect(refusal(later, at: 150) == .expired)
  }

  @Test("An expired set boots what runs, and leads on to the next; that one installs")
  func forward() throws {
    let state = try state().notEarlier(than: 1000)
    #expect(refusal(state, at: 1000) == .expired)
    #expect(state.imageKeys(for: .booting).count == 1)
    #expect(state.accepts(TrustBench.keys[3], for: .image, to: .booting))
    // The second has expired as well by now; the third has not.
    let second = try TrustBench.anchors(
      2, roots: [0, 1], manifest: [2], image: [3], issued: 300, expires: 400)
    let third = try TrustBench.anchors(
      3, roots: [0, 1], manifest: [2], image: [3], issued: 1100, expires: 1200)
    let board = try TestBoard.uniform()
    var flash = try board.withAnchors(state.anchors)
    var store = try board.anchorStore()
    try store.remember(earliestTime: 1000, on: &flash)
    try store.install(
      try TrustBench.verified(second, after: state.anchors, signedBy: [0, 1]), on: .confirmed(5), to: &flash)
    let between = try store.read(from: &flash)
    #expect(refusal(between, at: nil) == .expired && between.earliestTime == 1000)
    try store.install(
      try TrustBench.verified(third, after: second, signedBy: [0, 1]), on: .confirmed(5), to: &flash)
    let end = try store.read(from: &flash)
    #expect(refusal(end, at: nil) == nil && end.earliestTime == 1100)
    #expect(refusal(end, at: 1150) == nil && refusal(end, at: 1200) == .expired)
  }

  @Test("Remembering a time that is known writes nothing")
  func remember() throws {
    let board = try TestBoard.uniform()
    var flash = try board.withAnchors(try state().anchors)
    var store = try board.anchorStore()
    try store.remember(earliestTime: 100, on: &flash)
    try store.remember(earliestTime: 7, on: &flash)
    #expect(flash.counters.modifications == 0)
    try store.remember(earliestTime: 101, on: &flash)
    #expect(flash.counters.modifications > 0)
    #expect(try store.read(from: &flash).earliestTime == 101)
  }
}

/// Keys that are lost or stolen, as the ceremonies of Docs/KeyLifecycle.md answer it.
@Suite("Loss of keys")
struct KeyLossTests {
  private let first: TrustAnchors

  init() throws { first = try TrustBench.anchors(1, roots: [0, 1, 2], manifest: [3, 4], image: [5]) }

  private func refusal(_ next: TrustAnchors, _ signers: [Int]) throws -> TrustAnchorError? {
    TrustBench.refusal(of: try TrustBench.update(next, signedBy: signers), by: first)
  }

  @Test(
    "Any one of three root keys is lost: the other two bring its successor, and later sets need it no more")
  func lostRoot() throws {
    for lost in 0..<3 {
      let left = [0, 1, 2].filter { $0 != lost }
      let second = try TrustBench.anchors(2, roots: left + [10], manifest: [3, 4], image: [5])
      #expect(try refusal(second, left) == nil)
      let third = try TrustBench.anchors(3, roots: [10, 11, 12], manifest: [3, 4], image: [5])
      let update = try TrustBench.update(third, signedBy: [left[0], 10, 11])
      #expect(TrustBench.refusal(of: update, by: second) == nil)
      // The lost key turns up in other hands: it counts for nothing.
      let stolen = try TrustBench.update(third, signedBy: [lost, left[0], 11, 12])
      #expect(TrustBench.refusal(of: stolen, by: second) == .currentThresholdNotMet)
    }
  }

  @Test("Two of three root keys are lost: one alone exchanges nothing, whoever helps it")
  func lostThreshold() throws {
    let second = try TrustBench.anchors(2, roots: [0, 10, 11], manifest: [3, 4], image: [5])
    #expect(try refusal(second, [0, 10, 11, 3, 4, 5]) == .currentThresholdNotMet)
    // What the device has goes on: it boots, and installs what its manifest keys sign.
    let state = TrustState(first)
    #expect(state.accepts(TrustBench.keys[5], for: .image, to: .booting))
    #expect(try state.manifestKeys(at: nil).trustStore.count == 2)
  }

  @Test("One root key is stolen: its thief exchanges nothing, and is put out")
  func stolenRoot() throws {
    let thief = try TrustBench.anchors(2, roots: [0, 20, 21], manifest: [22], image: [23])
    #expect(try refusal(thief, [0, 20, 21, 22, 23]) == .currentThresholdNotMet)
    let second = try TrustBench.anchors(2, roots: [1, 2, 10], manifest: [3, 4], image: [5])
    #expect(try refusal(second, [1, 2, 10]) == nil)
  }

  @Test("A manifest key is lost: the other one signs on, and a set brings a new one")
  func lostManifestKey() throws {
    let second = try TrustBench.anchors(2, roots: [0, 1, 2], manifest: [4, 13], image: [5])
    #expect(try refusal(second, [1, 2, 13]) == nil)
  }
}
