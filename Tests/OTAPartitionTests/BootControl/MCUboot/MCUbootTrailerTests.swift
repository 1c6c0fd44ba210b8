import OTACore
import OTAFlashSimulator
import Testing

@testable import OTAPartition

@Suite("MCUbootTrailer")
struct MCUbootTrailerTests {
  private typealias Slot = (hasMagic: Bool, copyDone: UInt8?, imageOK: UInt8?)

  /// A device with version 1 in the primary slot and version 2 in the secondary one.
  private func device(
    _ board: MCUbootBoard, first: Slot = (true, 1, 1), second: Slot = (false, nil, nil), size: Int = 8
  ) throws -> SharedFlash {
    let model = try board.model()
    var flash = SimulatedFlash(model.geometry)
    var bytes = [UInt8](repeating: board.erasedByte, count: Int(model.geometry.capacity))
    bytes.replaceSubrange(
      0x200..<0x800,
      with: model.slot(
        MCUbootBoard.primary, image: MCUbootModel.image(1), hasMagic: first.hasMagic,
        copyDone: first.copyDone,
        imageOK: first.imageOK))
    bytes.replaceSubrange(
      0x800..<0xe00,
      with: model.slot(
        MCUbootBoard.secondary, image: MCUbootModel.image(2, size: size),
        at: board.mode == .swapUsingOffset ? 0x200 : 0, hasMagic: second.hasMagic, copyDone: second.copyDone,
        imageOK: second.imageOK))
    flash.setContents(bytes)
    return SharedFlash(flash)
  }

  private let board = MCUbootBoard(mode: .swap, writeSize: 4, alignment: 8)

  @Test("The fields are where MCUboot's macros put them", arguments: [8, 16, 32] as [UInt32])
  func layout(alignment: UInt32) throws {
    let board = MCUbootBoard(mode: .swap, writeSize: 1, alignment: alignment)
    let model = try board.model()
    let layout = try MCUbootTrailerLayout(
      slot: MCUbootBoard.primary, maximumAlignment: alignment, on: model.geometry)
    let offsets = model.offsets(0x600)
    #expect(layout.magic == 0x200 + offsets.magic)
    #expect(layout.imageOK == 0x200 + offsets.imageOK)
    #expect(layout.copyDone == 0x200 + offsets.copyDone)
    #expect(layout.swapInfo == 0x200 + offsets.swapInfo)
    #expect(layout.blocks == 0x600..<0x800)
    let magic = layout.magicBytes
    #expect((0..<16).map { magic[$0] } == model.magic)
  }

  @Test(
    "A request, a confirmation and a revert write what MCUboot reads", arguments: MCUbootPowerLossTests.boards
  )
  func life(_ board: MCUbootBoard) throws {
    guard board.mode != .directXIP else { return }
    let device = try device(board)
    let model = try board.model()
    var control = try board.open(device)
    #expect(try control.selection() == .confirmed(.a))
    #expect(throws: StorageError.slotInUse) { try control.requestTrial(of: .a, attempts: 1) }
    #expect(throws: StorageError.notOnTrial) { try control.revert(.cancelled) }
    #expect(throws: StorageError.notOnTrial) { try control.confirm(.b) }
    try control.requestTrial(of: .b, attempts: 7)
    #expect(try control.selection() == .trial(.b, attemptsLeft: 1))
    let start = board.mode == .swapUsingOffset ? 0x200 : 0
    #expect(
      device.snapshot.contents(of: MCUbootBoard.secondary)
        == model.slot(
          MCUbootBoard.secondary, image: MCUbootModel.image(2), at: start, hasMagic: true, swapInfo: 2))
    #expect(throws: StorageError.slotInUse) { try control.requestTrial(of: .b, attempts: 1) }
    #expect(throws: StorageError.notOnTrial) { try control.confirm(.a) }
    try control.revert(.cancelled)
    #expect(try control.selection() == .confirmed(.a))
    #expect(try model.boot(device) == 1)
    try control.requestTrial(of: .b, attempts: 1)
    #expect(try model.boot(device) == 2)
    control = try board.open(device)
    #expect(try control.selection() == .trial(.a, attemptsLeft: 0))
    #expect(throws: StorageError.slotInUse) { try control.requestTrial(of: .b, attempts: 1) }
    try control.revert(.healthCheckFailed)
    #expect(try model.boot(device) == 1)
    control = try board.open(device)
    #expect(try control.selection() == .confirmed(.a))
    try control.requestPermanently(.b)
    #expect(try control.selection() == .confirmed(.b))
    #expect(try model.boot(device) == 2)
    #expect(try model.boot(device) == 2)
    control = try board.open(device)
    #expect(try control.selection() == .confirmed(.a))
    if board.mode == .swapUsingOffset {
      // What was swapped out is not where an update must be.
      #expect(throws: StorageError.slotEmpty) { try control.requestTrial(of: .b, attempts: 1) }
      return
    }
    try control.requestTrial(of: .b, attempts: 1)
    _ = try model.boot(device)
    control = try board.open(device)
    try control.confirm(.a)
    try control.confirm(.a)
    #expect(try control.selection() == .confirmed(.a))
    #expect(try model.boot(device) == 1)
  }

  @Test("Overwriting leaves nothing to go back to")
  func overwriting() throws {
    let board = MCUbootBoard(mode: .overwriteOnly, writeSize: 4, alignment: 8)
    let device = try device(board)
    let model = try board.model()
    var control = try board.open(device)
    try control.requestTrial(of: .b, attempts: 1)
    try control.revert(.cancelled)
    #expect(try model.boot(device) == 1)
    try control.requestTrial(of: .b, attempts: 1)
    #expect(try model.boot(device) == 2)
    control = try board.open(device)
    #expect(try control.selection() == .confirmed(.a))
    #expect(throws: StorageError.notOnTrial) { try control.revert(.healthCheckFailed) }
    #expect(throws: StorageError.slotEmpty) { try control.requestTrial(of: .b, attempts: 1) }
    try control.confirm(.a)
    #expect(try model.boot(device) == 2)
  }

  @Test("In place, the higher version with a good trailer runs")
  func inPlace() throws {
    let board = MCUbootBoard(mode: .directXIP, writeSize: 4, alignment: 8)
    let device = try device(board)
    let model = try board.model()
    var control = try board.open(device)
    #expect(try control.selection() == .confirmed(.a))
    try control.requestTrial(of: .b, attempts: 1)
    #expect(try control.selection() == .trial(.b, attemptsLeft: 1))
    #expect(try model.boot(device) == 2)
    control = try board.open(device)
    #expect(try control.selection() == .trial(.b, attemptsLeft: 0))
    #expect(throws: StorageError.slotInUse) { try control.requestTrial(of: .a, attempts: 1) }
    #expect(throws: StorageError.notOnTrial) { try control.confirm(.a) }
    try control.confirm(.b)
    #expect(try model.boot(device) == 2)
    #expect(try control.selection() == .confirmed(.b))
    // The older one would never be booted.
    #expect(throws: StorageError.sequenceNumberReplayed) { try control.requestTrial(of: .a, attempts: 1) }

    let other = try self.device(board)
    control = try board.open(other)
    try control.requestPermanently(.b)
    #expect(try control.selection() == .confirmed(.b))
    #expect(try model.boot(other) == 2)
    #expect(try model.boot(other) == 2)

    let alone = try self.device(board, first: (false, nil, nil), second: (true, 1, nil))
    control = try board.open(alone)
    #expect(throws: StorageError.slotEmpty) { try control.revert(.healthCheckFailed) }
    control = try board.open(try self.device(board, first: (false, nil, nil)))
    #expect(try control.selection() == nil)
  }

  @Test("A magic number that is partly written is bad, not unset", arguments: [8, 16, 32] as [UInt32])
  func partOfMagic(alignment: UInt32) throws {
    let board = MCUbootBoard(mode: .swap, writeSize: 1, alignment: alignment)
    for missing in 1...16 {
      let device = try device(board, second: (true, nil, nil))
      device.withFlash { flash in
        var bytes = flash.contents
        for index in 0..<missing { bytes[0xdff - index] = 0xff }
        flash.setContents(bytes)
      }
      let layout = try MCUbootTrailerLayout(
        slot: MCUbootBoard.secondary, maximumAlignment: alignment, on: device.geometry)
      var flash = device
      let state = try MCUbootTrailerState(reading: &flash, layout)
      #expect(state.magic == (missing == 16 ? .unset : .bad))
      #expect(try board.model().selected(on: device) == 1)
      var control = try board.open(device)
      #expect(try control.selection() == .confirmed(.a))
      try control.requestTrial(of: .b, attempts: 1)
      #expect(try board.model().selected(on: device) == 2)
    }
  }

  @Test("The magic number of another alignment is bad")
  func otherAlignment() throws {
    let device = try device(
      MCUbootBoard(mode: .swap, writeSize: 8, alignment: 8), second: (true, nil, nil))
    var control = try MCUbootBoard(mode: .swap, writeSize: 8, alignment: 16).open(device)
    #expect(try control.selection() == .confirmed(.a))
  }

  @Test("Without a good magic number in the primary slot there is nothing to confirm")
  func brokenPrimary() throws {
    let device = try device(board, first: (true, 1, nil))
    device.withFlash { $0.flipBits(1, at: 0x7ff) }
    var control = try board.open(device)
    #expect(try control.selection() == .confirmed(.a))
    let broken = device.snapshot.contents
    try control.confirm(.a)
    #expect(device.snapshot.contents == broken)
    #expect(try board.model().selected(on: device) == 1)
    let unset = try self.device(board, first: (false, nil, nil))
    let before = unset.snapshot.contents
    control = try board.open(unset)
    try control.confirm(.a)
    #expect(unset.snapshot.contents == before)
  }

  @Test("An image that reaches into the erase block of the trailer is refused, and stays")
  func reaching() throws {
    // 36 bytes of header and TLVs; the trailer has the last of three blocks.
    for (size, fits) in [(0x400 - 36, true), (0x400 - 35, false), (0x500, false)] {
      let device = try device(board, size: size)
      let before = device.snapshot.contents
      var control = try board.open(device)
      if fits {
        try control.requestTrial(of: .b, attempts: 1)
      } else {
        #expect(throws: StorageError.imageTooLarge) { try control.requestTrial(of: .b, attempts: 1) }
        #expect(device.snapshot.contents == before)
      }
    }
    let empty = try device(board)
    empty.withFlash { $0.flipBits(1, at: 0x800) }
    var control = try board.open(empty)
    #expect(throws: StorageError.slotEmpty) { try control.requestTrial(of: .b, attempts: 1) }
  }

  @Test("The number of the image stands beside the swap type")
  func imageNumber() throws {
    let device = try device(board)
    var control = try MCUbootTrailer(
      device, primary: MCUbootBoard.primary, secondary: MCUbootBoard.secondary, mode: .swap, imageNumber: 5)
    try control.requestTrial(of: .b, attempts: 1)
    #expect(device.snapshot.contents(of: 0xe00 - 40..<0xe00 - 39) == [0x52])
    var flash = device
    let layout = try MCUbootTrailerLayout(slot: MCUbootBoard.secondary, on: device.geometry)
    let state = try MCUbootTrailerState(reading: &flash, layout)
    #expect(state == MCUbootTrailerState(magic: .good, swapType: .test, imageNumber: 5))
  }

  @Test(
    "Whatever the trailers hold, it is decided as the tables do, without a trap", arguments: [false, true])
  func everyState(usesOffset: Bool) throws {
    let board = MCUbootBoard(mode: usesOffset ? .swapUsingOffset : .swap, writeSize: 1, alignment: 8)
    let model = try board.model()
    let flags: [UInt8?] = [nil, 1, 3]
    for first in 0..<27 {
      for second in 0..<27 {
        let device = try device(
          board, first: (first % 3 > 0, flags[first / 3 % 3], flags[first / 9]),
          second: (second % 3 > 0, flags[second / 3 % 3], flags[second / 9]))
        if first % 3 == 2 { device.withFlash { $0.flipBits(0x10, at: 0x7f8) } }
        if second % 3 == 2 { device.withFlash { $0.flipBits(0x10, at: 0xdf8) } }
        var control = try board.open(device)
        let selection = try control.selection()
        let swaps = selection != .confirmed(.a)
        let expected: UInt8 = swaps ? 2 : 1
        #expect(try model.selected(on: device) == expected, "\(first), \(second)")
      }
    }
  }

  @Test("Slots that do not fit are refused")
  func slots() throws {
    let cases: [(Range<UInt32>, Range<UInt32>, UInt32, LayoutError)] = [
      (0x200..<0x800, 0x600..<0xe00, 8, .overlap), (0x200..<0x801, 0x800..<0xe00, 8, .notAligned),
      (0x200..<0x800, 0x800..<0xf000, 8, .outOfBounds), (0x200..<0x200, 0x800..<0xe00, 8, .tooSmall),
      (0x200..<0x400, 0x800..<0xe00, 8, .tooSmall), (0x200..<0x800, 0x800..<0xe00, 4, .invalidGeometry),
      (0x200..<0x800, 0x800..<0xe00, 64, .invalidGeometry),
    ]
    for (primary, secondary, alignment, expected) in cases {
      let device = try device(board)
      #expect(throws: StorageError.layout(expected)) {
        _ = try MCUbootTrailer(
          device, primary: primary, secondary: secondary, mode: .swap, maximumAlignment: alignment)
      }
    }
    let device = try device(MCUbootBoard(mode: .swap, writeSize: 16, alignment: 16))
    #expect(throws: StorageError.layout(.invalidGeometry)) {
      _ = try MCUbootTrailer(
        device, primary: MCUbootBoard.primary, secondary: MCUbootBoard.secondary, mode: .swap)
    }
  }
}
