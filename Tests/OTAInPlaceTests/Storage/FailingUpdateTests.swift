import OTACore
import OTACrypto
import OTADelta
import OTAFlashSimulator
import OTAInPlace
import OTAPartition
import OTATesting
import Testing

/// Updates that fail after they were requested.
@Suite("Updates in place that fail")
struct FailingUpdateTests {
  /// What a codec does that it must not.
  enum Misdeed: UInt8, CaseIterable, Sendable {
    case readsTooLow, readsBehindTheImage, readsBehindThePatch, makesTooLittle, makesTooMuch, givesUp, lies
  }

  /// Makes a segment of zeros, after a misdeed.
  struct BadCodec: SegmentCodec {
    static var headerSize: Int { DifferenceCodec.headerSize }
    var misdeed: Misdeed
    var parameters: InPlaceParameters?

    static func parameters(of head: Span<UInt8>) throws(DeltaError) -> InPlaceParameters {
      try DifferenceCodec.parameters(of: head)
    }

    mutating func begin(_ head: Span<UInt8>) throws(DeltaError) {
      parameters = try DifferenceCodec.parameters(of: head)
    }

    mutating func decode<Media: InPlaceMedia & ~Copyable>(
      segment: UInt32, media: inout Media
    ) throws(PatchError<Media.SourceFailure, Media.SinkFailure>) {
      guard let parameters else { throw .delta(.abandoned) }
      let floor = (segment + 1) * parameters.segmentSize - parameters.shift
      var bytes = [UInt8](repeating: 0, count: 2)
      do throws(Media.SourceFailure) {
        var span = bytes.mutableSpan
        switch misdeed {
        case .readsTooLow: if floor > 0 { try media.readSource(into: &span, at: floor - 1) }
        case .readsBehindTheImage: try media.readSource(into: &span, at: parameters.sourceSize - 1)
        case .readsBehindThePatch: try media.readPatch(into: &span, at: parameters.patchSize - 1)
        case .makesTooLittle, .makesTooMuch, .givesUp, .lies: break
        }
      } catch {
        throw .source(error)
      }
      if misdeed == .givesUp { throw .delta(.memoryExceeded) }
      let start = segment * parameters.segmentSize
      var count = Int(min(parameters.segmentSize, parameters.targetSize - start))
      if misdeed == .makesTooLittle { count -= 1 }
      if misdeed == .makesTooMuch { count += 1 }
      let zeros = [UInt8](repeating: 0, count: count)
      do throws(Media.SinkFailure) {
        try media.writeImage(zeros.span)
      } catch {
        throw .sink(error)
      }
    }
  }

  @Test(
    "A codec or a patch that does what it must not changes no byte of the slot", arguments: Misdeed.allCases)
  func misdeeds(_ misdeed: Misdeed) throws {
    let bench = try Bench()
    let device = try bench.requested()
    var storage = try bench.opened(device)
    let erases = device.snapshot.wear[..<8]
    var codec = BadCodec(misdeed: misdeed)
    let decision = try storage.boot(with: &codec)
    let cause: ErrorCode =
      switch misdeed {
      case .readsTooLow, .readsBehindTheImage: .deltaSourceOutOfRange
      case .readsBehindThePatch: .deltaMalformed
      case .givesUp: .deltaMemoryExceeded
      case .makesTooLittle, .makesTooMuch, .lies: .deltaOutputMismatch
      }
    #expect(decision == BootDecision(slot: .a, image: bench.oldRecord, kind: .reverted(cause)))
    let report = Report(updateID: bench.updateID, outcome: .failed(cause))
    #expect(try bench.phase(device) == .confirmed(bench.oldRecord, report: report))
    #expect(bench.slot(device, 300) == bench.old)
    #expect(device.snapshot.wear[..<8] == erases)
  }

  @Test("A codec that fails half-way stops, and the next start goes on", arguments: Misdeed.allCases)
  func halfWay(_ misdeed: Misdeed) throws {
    let bench = try Bench()
    let device = try bench.requested()
    // The move takes three steps of an erase, a write and a record each; the power goes in the first segment.
    device.withFlash { $0.cutPower(atOperation: 15, outcome: .notDone) }
    #expect(throws: InPlaceError.storage(.flash(.powerLost))) { try bench.boot(device) }
    device.withFlash { $0.restorePower() }
    var storage = try bench.opened(device)
    guard case .applying(_, _, let stepsDone) = storage.state.phase, stepsDone >= 3 else {
      Issue.record("the power went elsewhere: \(storage.state.phase)")
      return
    }
    var codec = BadCodec(misdeed: misdeed)
    switch misdeed {
    case .makesTooMuch:
      #expect(throws: InPlaceError.patch(.outputOverflow)) { try storage.boot(with: &codec) }
    case .makesTooLittle: #expect(throws: InPlaceError.patch(.truncated)) { try storage.boot(with: &codec) }
    case .givesUp: #expect(throws: InPlaceError.patch(.memoryExceeded)) { try storage.boot(with: &codec) }
    case .readsTooLow:
      // The first segment may read everything, and was made of zeros.
      #expect(throws: InPlaceError.sourceOverwritten) { try storage.boot(with: &codec) }
      return
    case .readsBehindTheImage, .readsBehindThePatch:
      #expect(throws: InPlaceError.self) { try storage.boot(with: &codec) }
    case .lies:
      // It was not tried: it made something else from the first segment on. The way back does not lead back from there.
      #expect(throws: InPlaceError.noBootableImage) { try storage.boot(with: &codec) }
      return
    }
    #expect(try bench.boot(device).image == bench.newRecord)
    #expect(bench.slot(device, 460) == bench.new)
  }

  @Test("A payload that has changed stops a half-done update, and gives up one that has not begun")
  func damagedStore() throws {
    let bench = try Bench()
    let wrong = bench.layout.store.lowerBound + 100
    let device = try bench.requested()
    let fresh = SharedFlash(device.snapshot)
    fresh.withFlash { $0.flipBits(4, at: wrong) }
    #expect(try bench.boot(fresh).kind == .reverted(.payloadDigestMismatch))
    #expect(bench.slot(fresh, 300) == bench.old)

    device.withFlash { $0.cutPower(atOperation: 15, outcome: .notDone) }
    #expect(throws: InPlaceError.storage(.flash(.powerLost))) { try bench.boot(device) }
    device.withFlash {
      $0.restorePower()
      $0.flipBits(4, at: wrong)
    }
    let before = device.snapshot.counters.erases
    for _ in 0..<2 { #expect(throws: InPlaceError.payloadDigestMismatch) { try bench.boot(device) } }
    #expect(device.snapshot.counters.erases - before <= 2)
    device.withFlash { $0.flipBits(4, at: wrong) }
    #expect(try bench.boot(device).image == bench.newRecord)
  }

  @Test("Without a way back the new image stays, with the cause, and the counter where it was")
  func noWayBack() throws {
    let bench = try Bench()
    let device = try bench.requested(attempts: 1)
    _ = try bench.boot(device)
    device.withFlash { $0.flipBits(4, at: bench.layout.store.upperBound - 200) }
    let decision = try bench.boot(device)
    #expect(decision == BootDecision(slot: .a, image: bench.newRecord, kind: .fallback))
    let state = try bench.opened(device).state
    let report = Report(updateID: bench.updateID, outcome: .failed(.bootAttemptsExhausted))
    #expect(state.phase == .confirmed(bench.newRecord, report: report))
    #expect(state.securityCounter == SequenceNumber(5) && state.lastRevert == .bootAttemptsExhausted)
    #expect(try bench.boot(device).kind == .confirmed)
  }

  @Test("A new image that rots on trial is undone if the way back does not need what has rotted")
  func rot() throws {
    let bench = try Bench()
    let device = try bench.requested()
    _ = try bench.boot(device)
    let needed = SharedFlash(device.snapshot)
    device.withFlash { $0.flipBits(1, at: 450) }
    #expect(try bench.boot(device).kind == .reverted(.bootVerificationFailed))
    #expect(bench.slot(device, 300) == bench.old)

    needed.withFlash { $0.flipBits(1, at: 200) }
    let erases = needed.snapshot.wear[..<8]
    for _ in 0..<2 { #expect(throws: InPlaceError.noBootableImage) { try bench.boot(needed) } }
    #expect(needed.snapshot.wear[..<8] == erases)
  }

  @Test("A confirmed image that rots does not boot, nor does one below the security counter")
  func confirmedRot() throws {
    let bench = try Bench()
    let device = try bench.device()
    #expect(try bench.boot(device).kind == .confirmed)
    device.withFlash { $0.flipBits(1, at: 0) }
    #expect(throws: InPlaceError.noBootableImage) { try bench.boot(device) }
    device.withFlash { $0.flipBits(1, at: 0) }
    #expect(try bench.boot(device).kind == .confirmed)
  }

  @Test("An image on trial boots also if its attempt cannot be recorded any more")
  func wornJournal() throws {
    let bench = try Bench()
    let device = try bench.requested()
    _ = try bench.boot(device)
    device.withFlash {
      $0.setFaults(.eraseError, in: bench.layout.journalA)
      $0.setFaults(.eraseError, in: bench.layout.journalB)
    }
    let decision = try bench.boot(device)
    #expect(decision.kind == .fallback && !decision.isRecorded && decision.image == bench.newRecord)
  }

  @Test("A block that takes nothing stops an update, and the next start goes on", arguments: [true, false])
  func badBlock(_ isSilent: Bool) throws {
    let bench = try Bench()
    let device = try bench.requested()
    device.withFlash { $0.setFaults(isSilent ? .programIgnored : .programError, in: 256..<384) }
    #expect(throws: InPlaceError.storage(.flash(.deviceFailure))) { try bench.boot(device) }
    device.withFlash { $0.setFaults([], in: 256..<384) }
    #expect(try bench.boot(device).image == bench.newRecord)
    #expect(bench.slot(device, 460) == bench.new)
  }
}
