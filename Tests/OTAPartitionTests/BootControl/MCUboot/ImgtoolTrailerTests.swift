import Foundation
import OTACore
import OTAFlashSimulator
import OTAPartition
import Testing

@Suite(
  "MCUboot trailers and the imgtool of this machine", .enabled(if: imgtool != nil, "imgtool is not installed")
)
struct ImgtoolTrailerTests {
  @Test(
    "it writes the trailer that a request for good, or on trial, leaves", arguments: [8, 16, 32] as [UInt32],
    [true, false])
  func trailer(alignment: UInt32, isConfirmed: Bool) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "ota-imgtool-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try Data(repeating: 7, count: 100).write(to: folder.appending(path: "app.bin"))
    let process = Process()
    process.executableURL = URL(filePath: try #require(imgtool))
    process.arguments = [
      "sign", "--header-size", "32", "--pad-header", "--version", "2.0.0", "--slot-size", "0x600", "--align",
      "\(alignment)", "--max-sectors", "3", isConfirmed ? "--confirm" : "--pad", "app.bin", "out.bin",
    ]
    process.currentDirectoryURL = folder
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    let slot = [UInt8](try Data(contentsOf: folder.appending(path: "out.bin")))
    try #require(slot.count == 0x600)

    let board = MCUbootBoard(mode: .swap, writeSize: alignment, alignment: alignment)
    let model = try board.model()
    var flash = SimulatedFlash(model.geometry)
    var bytes = [UInt8](repeating: 0xff, count: Int(model.geometry.capacity))
    bytes.replaceSubrange(
      0x200..<0x800, with: model.slot(MCUbootBoard.primary, image: MCUbootModel.image(1), hasMagic: false))
    bytes.replaceSubrange(0x800..<0xe00, with: slot)
    flash.setContents(bytes)
    let layout = try MCUbootTrailerLayout(
      slot: MCUbootBoard.secondary, maximumAlignment: alignment, on: model.geometry)
    let state = try MCUbootTrailerState(reading: &flash, layout)
    #expect(state == MCUbootTrailerState(magic: .good, imageOK: isConfirmed ? .set : .unset))
    var control = try board.open(SharedFlash(flash))
    #expect(try control.selection() == (isConfirmed ? .confirmed(.b) : .trial(.b, attemptsLeft: 1)))

    // The same image without a trailer, requested here.
    bytes.replaceSubrange(0xc00..<0xe00, with: [UInt8](repeating: 0xff, count: 0x200))
    flash.setContents(bytes)
    let device = SharedFlash(flash)
    control = try board.open(device)
    if isConfirmed {
      try control.requestPermanently(.b)
    } else {
      try control.requestTrial(of: .b, attempts: 1)
    }
    // It leaves the swap info to the boot loader.
    bytes.replaceSubrange(0x800..<0xe00, with: slot)
    bytes[Int(layout.swapInfo)] = isConfirmed ? 3 : 2
    #expect(device.snapshot.contents == bytes)
  }
}
