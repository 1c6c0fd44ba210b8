import OTAFlashSimulator
import OTAPartition

/// The boot loader of ``ToyInPlace`` at one start.
struct ToyLoader {
  private let toy: ToyInPlace
  private var device: SharedFlash
  private var journal: Journal
  private(set) var state: ToyInPlace.State

  init(opening device: SharedFlash, toy: ToyInPlace) throws(ToyInPlace.Failure) {
    self.toy = toy
    self.device = device
    do throws(LayoutError) {
      journal = try ToyInPlace.journal()
    } catch {
      throw .storage(.layout(error))
    }
    var payload = [UInt8](repeating: 0, count: 320)
    do throws(StorageError) {
      var span = payload.mutableSpan
      guard let count = try journal.open(&self.device, payload: &span) else { throw .journalEmpty }
      state = ToyInPlace.State(Array(payload[..<count]))
    } catch {
      throw .storage(error)
    }
  }

  /// Finishes what is half done.
  ///
  /// - Returns: which image runs.
  mutating func boot() throws(ToyInPlace.Failure) -> Int {
    let (old, new) = (ToyInPlace.images[0], ToyInPlace.images[1])
    if state.phase == .applying {
      if state.step == 0, toy.flaw != .rehearsesNothing, try !isRehearsed(from: old, to: new, at: 0) {
        try commit { $0.phase = .old }
        return try boot(0)
      }
      try transform(from: old, to: new, patch: 0)
      let toy = toy
      try commit { state in
        (state.phase, state.attempts) = (.trial, toy.world == .hanging ? 1 : 8)
        if toy.flaw == .raisesCounterEarly { state.counter = 1 }
      }
    }
    if state.phase == .trial {
      if state.attempts > 0, try holds(1) {
        if toy.flaw != .countsNoAttempts { try commit { $0.attempts -= 1 } }
        if toy.flaw == .erasesStoreEarly { try erase(ToyInPlace.store) }
        return 1
      }
      try commit { ($0.phase, $0.step) = (.reverting, 0) }
    }
    if state.phase == .reverting {
      try transform(from: new, to: old, patch: new.count)
      try commit { $0.phase = .old }
    }
    return try boot(state.phase == .new ? 1 : 0)
  }

  mutating func confirm() throws(ToyInPlace.Failure) {
    try commit { ($0.phase, $0.counter) = (.new, 1) }
  }

  mutating func revert() throws(ToyInPlace.Failure) {
    try commit { ($0.phase, $0.step) = (.reverting, 0) }
  }

  private mutating func boot(_ image: Int) throws(ToyInPlace.Failure) -> Int {
    guard image >= Int(state.counter), try holds(image) else { throw .nothingBoots }
    return image
  }

  /// What stands for the digest.
  private mutating func holds(_ image: Int) throws(ToyInPlace.Failure) -> Bool {
    if toy.flaw == .bootsUnverified { return true }
    let bytes = ToyInPlace.images[image]
    return try read(bytes.count, at: ToyInPlace.slot.lowerBound) == bytes
  }

  // MARK: Steps

  /// How many blocks a step moves.
  private var batch: Int { toy.flaw == .movesMoreThanTheShift ? 2 : 1 }

  private mutating func transform(
    from source: [UInt8], to target: [UInt8], patch: Int
  ) throws(ToyInPlace.Failure) {
    let blocks = (source.count + 127) / 128
    let moves = (blocks + batch - 1) / batch
    let count = moves + (target.count + 127) / 128
    for step in Int(state.step)..<max(count, Int(state.step)) {
      let isRecorded =
        switch toy.flaw {
        case .recordsEverySecondStep: step % 2 == 1 || step == count - 1
        case .undoesWithoutRecord: state.phase == .applying
        default: true
        }
      if toy.flaw == .recordsBeforeStep { try commit { $0.step = UInt8(step + 1) } }
      if step < moves {
        // From the last block to the first.
        let upper = blocks - step * batch
        for block in stride(from: upper - 1, through: max(0, upper - batch), by: -1) {
          try move(block, of: source.count)
        }
      } else {
        try make(step - moves, from: source.count, to: target.count, patch: patch)
      }
      if isRecorded, toy.flaw != .recordsBeforeStep { try commit { $0.step = UInt8(step + 1) } }
    }
  }

  private mutating func move(_ block: Int, of size: Int) throws(ToyInPlace.Failure) {
    let start = block * 128
    let bytes = try read(min(128, size - start), at: ToyInPlace.slot.lowerBound + UInt32(start))
    try write(bytes, at: ToyInPlace.slot.lowerBound + UInt32(start + 128))
  }

  private mutating func make(
    _ segment: Int, from sourceSize: Int, to targetSize: Int, patch: Int
  ) throws(ToyInPlace.Failure) {
    let bytes = try segmentBytes(segment, sourceSize, targetSize, patch: patch, movedBy: 128)
    try write(bytes, at: ToyInPlace.slot.lowerBound + UInt32(segment * 128))
  }

  private mutating func segmentBytes(
    _ segment: Int, _ sourceSize: Int, _ targetSize: Int, patch: Int, movedBy shift: Int
  ) throws(ToyInPlace.Failure) -> [UInt8] {
    let start = segment * 128
    let count = min(128, targetSize - start)
    var bytes = try read(count, at: ToyInPlace.store.lowerBound + UInt32(patch + start))
    let floor = toy.floor(segment)
    let old = try read(
      max(0, min(count, sourceSize - floor)), at: ToyInPlace.slot.lowerBound + UInt32(floor + shift))
    for index in old.indices { bytes[index] ^= old[index] }
    return bytes
  }

  private mutating func isRehearsed(
    from source: [UInt8], to target: [UInt8], at patch: Int
  ) throws(ToyInPlace.Failure) -> Bool {
    var made: [UInt8] = []
    for segment in 0..<(target.count + 127) / 128 {
      made += try segmentBytes(segment, source.count, target.count, patch: patch, movedBy: 0)
    }
    return made == target
  }

  // MARK: Flash

  private mutating func commit(_ change: (inout ToyInPlace.State) -> Void) throws(ToyInPlace.Failure) {
    var next = state
    change(&next)
    let payload = next.payload
    do throws(StorageError) {
      try journal.commit(payload.span, to: &device)
    } catch {
      throw .storage(error)
    }
    state = next
  }

  private mutating func read(_ count: Int, at offset: UInt32) throws(ToyInPlace.Failure) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    do throws(FlashError) {
      var span = bytes.mutableSpan
      try device.read(into: &span, at: offset)
    } catch {
      throw .flash(error)
    }
    return bytes
  }

  private mutating func erase(_ range: Range<UInt32>) throws(ToyInPlace.Failure) {
    do throws(FlashError) {
      try device.erase(range)
    } catch {
      throw .flash(error)
    }
  }

  /// Writes to a block of its own.
  private mutating func write(_ bytes: [UInt8], at offset: UInt32) throws(ToyInPlace.Failure) {
    var isErased = false
    if toy.flaw == .trustsErasedBlocks {
      let contents = try read(128, at: offset)
      isErased = contents.allSatisfy { $0 == 0xff }
    }
    if !isErased { try erase(offset..<offset + 128) }
    do throws(FlashError) {
      try device.write(bytes.span, at: offset)
    } catch {
      throw .flash(error)
    }
  }
}
