import OTACore
import OTAFlashSimulator
import OTAPartition

extension ToySwap {
  /// One session of the boot loader, and of the application after it.
  struct Loader {
    private let toy: ToySwap
    private var device: SharedFlash
    private var journal: Journal
    private(set) var state: State

    private var flaw: Flaw? { toy.flaw }

    init(opening shared: SharedFlash, toy: ToySwap) throws(Failure) {
      self.toy = toy
      device = shared
      do throws(LayoutError) {
        let layout = try ToySwap.layout(shared.geometry)
        journal = Journal(layout: layout, geometry: shared.geometry)
      } catch {
        throw .storage(.layout(error))
      }
      do throws(StorageError) {
        var buffer = InlineArray<320, UInt8>(repeating: 0)
        var payload = buffer.mutableSpan
        guard let count = try journal.open(&device, payload: &payload) else { throw .journalEmpty }
        state = State((0..<count).map { buffer[$0] })
      } catch {
        throw .storage(error)
      }
    }

    // MARK: The boot loader

    /// Brings a set that may boot to the primary place; returns when it jumps.
    mutating func boot() throws(Failure) {
      if state.step != nil { try move() }
      let wasOnTrial = state.attempts != nil
      if flaw == .confirmsUnverified, wasOnTrial { try confirm() }
      if state.attempts == 0 { try revert() }
      if flaw == .erasesUnverified, state.selected != state.placed { try erasePrimary() }
      if try !bringSelected() {
        guard wasOnTrial, state.hasOther else { throw .nothingBoots }
        try revert()
        guard try bringSelected() else { throw .nothingBoots }
      }
      if flaw != .countsAfterJump { try countAttempt() }
    }

    /// Moves the selected set to the primary place, if it is not there.
    ///
    /// - Returns: whether it is there, and whole.
    private mutating func bringSelected() throws(Failure) -> Bool {
      guard state.selected.allSatisfy({ $0 >= state.counter }) else { return false }
      if state.selected != state.placed {
        guard try isWhole(moved: false) else { return false }
        try change { $0.step = 0 }
        try move()
        if case .rotting = toy.world, state.placed == [1, 1] {
          device.withFlash { $0.flipBits(1, at: ToySwap.places[0].a) }
        }
        if flaw == .verifiesNothingMoved { return true }
      } else if flaw == .verifiesNothingMoved {
        return true
      }
      return try isWhole(moved: true)
    }

    private func isWhole(moved: Bool) throws(Failure) -> Bool {
      for (image, place) in ToySwap.places.enumerated() {
        let isInPrimary = moved || state.selected[image] == state.placed[image]
        let expected = ToySwap.sets[Int(state.selected[image])][image]
        guard try read(expected.count, at: isInPrimary ? place.a : place.b) == expected else { return false }
      }
      return true
    }

    private mutating func revert() throws(Failure) {
      let flaw = flaw
      try change {
        $0.selected = flaw == .keepsFailedSet ? $0.selected.map { 1 - $0 } : [0, 0]
        $0.attempts = flaw == .keepsFailedSet ? 2 : nil
        $0.hasOther = flaw == .keepsFailedSet
        $0.hasEnded = true
        if flaw == .confirmsUnverified { $0.counter = 0 }
      }
    }

    private mutating func countAttempt() throws(Failure) {
      guard let left = state.attempts else { return }
      try change { $0.attempts = left - min(left, 1) }
    }

    // MARK: Moving

    /// Exchanges the images that are not where they are to be, block by block; goes on where it was.
    private mutating func move() throws(Failure) {
      var steps: [(source: UInt32, destination: UInt32)] = []
      for (image, place) in ToySwap.places.enumerated() where state.selected[image] != state.placed[image] {
        for offset in stride(from: 0, to: place.blocks * ToySwap.block, by: Int(ToySwap.block)) {
          let primary = place.a + UInt32(offset)
          let secondary = place.b + UInt32(offset)
          steps += [(secondary, ToySwap.scratch), (primary, secondary), (ToySwap.scratch, primary)]
        }
      }
      if flaw == .hasPlainProgress, state.step == 0 {
        // A marker of its own says that the words are of this move.
        try erase(ToySwap.progress)
        try change { $0.step = 1 }
      }
      var number = flaw == .hasPlainProgress ? try plainProgress() : Int(state.step ?? 0)
      while number < steps.count {
        if flaw == .recordsBeforeStep { try recordStep(number + 1) }
        try copy(from: steps[number].source, to: steps[number].destination)
        number += 1
        if flaw == .recordsEverySecondStep, number % 2 == 1 { continue }
        if flaw != .recordsBeforeStep { try recordStep(number) }
      }
      try change {
        $0.placed = $0.selected
        $0.step = nil
      }
    }

    private mutating func recordStep(_ number: Int) throws(Failure) {
      guard flaw == .hasPlainProgress else { return try change { $0.step = UInt8(number) } }
      let place = ToySwap.progress + UInt32(4 * (number - 1))
      try write([UInt8(number), 0, 0, 0], at: place)
    }

    /// The last word that does not read as erased.
    private func plainProgress() throws(Failure) -> Int {
      let bytes = try read(Int(ToySwap.block), at: ToySwap.progress)
      var number = 0
      for start in stride(from: 0, to: bytes.count, by: 4)
      where bytes[start..<start + 4] != [0xff, 0xff, 0xff, 0xff] {
        number = bytes[start..<start + 4].reversed().reduce(0) { $0 << 8 | Int($1) }
      }
      return number
    }

    private mutating func copy(from source: UInt32, to destination: UInt32) throws(Failure) {
      let bytes = try read(Int(ToySwap.block), at: source)
      try erase(destination)
      try write(bytes, at: destination)
      guard flaw != .readsNothingBack else { return }
      guard try read(bytes.count, at: destination) == bytes else { throw .nothingBoots }
    }

    // MARK: The application

    /// What runs after the jump.
    ///
    /// - Returns: whether the update has come to its end.
    mutating func runApplication() throws(Failure) -> Bool {
      if case .hanging = toy.world, state.placed != [0, 0] { return false }
      if flaw == .countsAfterJump { try countAttempt() }
      if state.hasEnded { return true }
      if state.attempts == nil {
        try install()
      } else if case .unhealthy = toy.world {
        try revert()
      } else {
        try confirm()
      }
      return false
    }

    private mutating func install() throws(Failure) {
      for (image, place) in ToySwap.places.enumerated() {
        var bytes = ToySwap.sets[1][image]
        if case .damaged = toy.world, image == 1 { bytes[7] ^= 1 }
        for start in 0..<place.blocks {
          let offset = start * ToySwap.block
          try erase(place.b + offset)
          try write(Array(bytes[Int(offset)..<Int(offset + ToySwap.block)]), at: place.b + offset)
        }
      }
      if flaw == .erasesBeforeRecord { try erasePrimary() }
      if flaw == .hasTwoRecords { try request([1, 0]) }
      try request([1, 1])
    }

    private mutating func request(_ selected: [UInt8]) throws(Failure) {
      let flaw = flaw
      try change {
        $0.selected = selected
        $0.attempts = 3
        $0.hasOther = true
        if flaw == .raisesCounterEarly { $0.counter = 1 }
      }
    }

    private mutating func confirm() throws(Failure) {
      try change {
        $0.attempts = nil
        $0.counter = 1
        $0.hasEnded = true
      }
    }

    // MARK: Flash

    private mutating func change(_ body: (inout State) -> Void) throws(Failure) {
      var next = state
      body(&next)
      let payload = next.payload
      do throws(StorageError) { try journal.commit(payload.span, to: &device) } catch {
        throw .storage(error)
      }
      state = next
    }

    private func erasePrimary() throws(Failure) {
      for place in ToySwap.places {
        for number in 0..<place.blocks { try erase(place.a + number * ToySwap.block) }
      }
    }

    private func erase(_ start: UInt32) throws(Failure) {
      do throws(FlashError) { try device.erase(start..<start + ToySwap.block) } catch { throw .flash(error) }
    }

    private func write(_ bytes: [UInt8], at start: UInt32) throws(Failure) {
      do throws(FlashError) { try device.write(bytes.span, at: start) } catch { throw .flash(error) }
    }

    private func read(_ count: Int, at start: UInt32) throws(Failure) -> [UInt8] {
      var bytes = [UInt8](repeating: 0, count: count)
      do throws(FlashError) {
        var span = bytes.mutableSpan
        try device.read(into: &span, at: start)
      } catch {
        throw .flash(error)
      }
      return bytes
    }
  }
}
