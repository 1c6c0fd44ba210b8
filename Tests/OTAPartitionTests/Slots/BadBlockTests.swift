import OTACore
import OTACryptoSodium
import OTAFlashSimulator
import OTAPartition
import Testing

/// What the device core makes of blocks that fail, loudly or silently.
@Suite("A device with bad blocks")
struct BadBlockTests {
  @Test("An image that a bad block has spoilt is never booted", arguments: BlockFaults.each)
  func slot(_ fault: BlockFaults) throws {
    for board in try TestBoard.all() {
      var start = try board.provisioned(.old)
      // The slot is full of noise, which a silent erase leaves there.
      let bad = board.layout.slotB.lowerBound + 2048
      start.setFaults(fault, in: bad..<bad + 1)
      let device = SharedFlash(start)
      #expect(throws: AgentError.self, "\(board.name)") {
        try TestAgent(board: board, image: .new).run(device)
      }
      #expect(bootProblem(on: device, board: board, images: [.old]) == nil, "\(board.name)")
      // The block is replaced, or was only tired: the same device takes the update.
      device.withFlash { $0.setFaults([], in: bad..<bad + 1) }
      try TestAgent(board: board, image: .new).run(device)
      #expect(bootProblem(on: device, board: board, images: [.new]) == nil, "\(board.name)")
    }
  }

  @Test(
    "A journal that cannot be written any more keeps the running image",
    arguments: [BlockFaults.programError, .eraseError, .programIgnored, .eraseIgnored])
  func journal(_ fault: BlockFaults) throws {
    for board in try TestBoard.all() {
      for areas in [
        [board.layout.journalA], [board.layout.journalB], [board.layout.journalA, board.layout.journalB],
      ] {
        let device = SharedFlash(try board.provisioned(.old))
        device.withFlash { for area in areas { $0.setFaults(fault, in: area) } }
        // It may throw or, with one area left, go on as far as that takes it.
        try? TestAgent(board: board, image: .new).run(device)
        #expect(bootProblem(on: device, board: board, images: [.old, .new]) == nil, "\(board.name) \(areas)")
        // Areas that are erased already take records also if they cannot be erased any more.
        if areas.count == 2, fault != .eraseIgnored, fault != .eraseError {
          #expect(bootProblem(on: device, board: board, images: [.old]) == nil)
        }
      }
    }
  }

  @Test("A journal that cannot be read is an error")
  func unreadableJournal() throws {
    for board in try TestBoard.all() {
      var flash = try board.provisioned(.old)
      flash.setFaults(.readError, in: board.layout.journalA)
      flash.setFaults(.readError, in: board.layout.journalB)
      #expect(throws: StorageError.flash(.deviceFailure)) { try openedState(flash, layout: board.layout) }
    }
  }

  @Test("Bit rot in the running image is found before it is booted")
  func rot() throws {
    for board in try TestBoard.all() {
      for seed in UInt64(0)..<8 {
        var flash = try board.provisioned(.old)
        let slot = board.layout.slotA
        flash.rot(
          bits: 1, in: slot.lowerBound..<slot.lowerBound + UInt32(TestImage.old.bytes.count), seed: seed)
        #expect(
          bootProblem(on: SharedFlash(flash), board: board, images: [.old])?.hasPrefix("nothing boots")
            == true)
      }
    }
  }
}
