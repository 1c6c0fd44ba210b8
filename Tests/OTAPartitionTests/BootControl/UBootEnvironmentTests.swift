import Foundation
import OTACore
import OTAFlashSimulator
import OTAPartition
import Testing

@Suite("UBootEnvironment")
struct UBootEnvironmentTests {
  private static let size = 512
  private static let printer = "/usr/bin/fw_printenv"

  private func flash(_ first: [UInt8], _ second: [UInt8]) throws -> SharedFlash {
    let geometry = try FlashGeometry(eraseBlockSize: 1024, blockCount: 2, writeSize: 4)
    var flash = SimulatedFlash(geometry)
    var bytes = [UInt8](repeating: 0xff, count: 2048)
    bytes.replaceSubrange(0..<first.count, with: first)
    bytes.replaceSubrange(1024..<1024 + second.count, with: second)
    flash.setContents(bytes)
    return SharedFlash(flash)
  }

  private func copy(_ variables: [String], flags: UInt8 = 1) -> [UInt8] {
    UBootModel.copy(variables, flags: flags, size: UBootEnvironmentTests.size)
  }

  private func open(
    _ device: SharedFlash, _ variables: UBootVariables = UBootVariables()
  ) throws(StorageError) -> UBootEnvironment<SharedFlash> {
    try UBootEnvironment(
      device, first: 0..<1024, second: 1024..<2048, size: UInt32(UBootEnvironmentTests.size),
      variables: variables)
  }

  private func variables(of device: SharedFlash) throws -> [String: String] {
    let model = UBootModel(copies: [0..<1024, 1024..<2048], size: UBootEnvironmentTests.size)
    return try #require(try model.counting(on: device)).variables
  }

  @Test("The variables say what boots")
  func selection() throws {
    let cases: [([String], BootSelection?)] = [
      ([], .confirmed(.a)),
      (["BOOT_ORDER=B A"], .confirmed(.b)),
      (["BOOT_ORDER=B A", "BOOT_B_LEFT=0"], .confirmed(.a)),
      (["BOOT_ORDER=B A", "BOOT_B_LEFT=0", "BOOT_A_LEFT=0"], nil),
      (["BOOT_ORDER=B A", "BOOT_B_LEFT=2", "BOOT_TRIAL=B"], .trial(.b, attemptsLeft: 2)),
      (["BOOT_ORDER=B A", "BOOT_B_LEFT=0", "BOOT_TRIAL=B"], .trial(.b, attemptsLeft: 0)),
      (["BOOT_ORDER=A B", "BOOT_TRIAL=B"], .confirmed(.a)),
      (["BOOT_ORDER=R A"], nil),
      (["BOOT_ORDER="], nil),
      (["BOOT_ORDER=B", "BOOT_ORDER=A"], .confirmed(.a)),
      (["BOOT_ORDER=B A", "BOOT_B_LEFT=x"], .confirmed(.a)),
      (
        ["BOOT_ORDER=B A", "BOOT_B_LEFT=ffffffffffffffffffff", "BOOT_TRIAL=B"], .trial(.b, attemptsLeft: 255)
      ),
    ]
    for (lines, expected) in cases {
      var control = try open(try flash(copy(lines), copy(["BOOT_ORDER=B"], flags: 0)))
      let found = try control.selection()
      #expect(found == expected, "\(lines)")
    }
  }

  @Test(
    "The copy with the newer flags counts", arguments: [(1, 2), (254, 255), (255, 0)] as [(UInt8, UInt8)])
  func flags(older: UInt8, newer: UInt8) throws {
    let old = copy(["BOOT_ORDER=A B"], flags: older)
    let new = copy(["BOOT_ORDER=B A"], flags: newer)
    var first = try open(try flash(new, old))
    #expect(try first.selection() == .confirmed(.b))
    var second = try open(try flash(old, new))
    #expect(try second.selection() == .confirmed(.b))
  }

  @Test("Request, confirmation and revert write what boot scripts read, and keep everything else")
  func life() throws {
    let device = try flash(
      copy(["bootcmd=run a=b;c", "BOOT_ORDER=A R B", "odd", "BOOT_A_LEFT=1", "BOOT_ORDERED=1"]), [])
    var control = try open(device)
    #expect(throws: StorageError.slotInUse) { try control.requestTrial(of: .a, attempts: 1) }
    #expect(throws: StorageError.notOnTrial) { try control.revert(.cancelled) }
    try control.requestTrial(of: .b, attempts: 200)
    #expect(
      try variables(of: device) == [
        "bootcmd": "run a=b;c", "BOOT_ORDER": "B A R", "BOOT_A_LEFT": "3", "BOOT_B_LEFT": "9",
        "BOOT_TRIAL": "B", "BOOT_ORDERED": "1",
      ])
    #expect(throws: StorageError.notOnTrial) { try control.confirm(.a) }
    try control.confirm(.b)
    #expect(try variables(of: device)["BOOT_B_LEFT"] == "3")
    #expect(try variables(of: device)["BOOT_TRIAL"] == nil)
    let before = device.snapshot.counters.modifications
    try control.confirm(.b)
    #expect(device.snapshot.counters.modifications == before, "nothing to change, nothing written")
    try control.requestTrial(of: .a, attempts: 2)
    try control.revert(.healthCheckFailed)
    #expect(try variables(of: device)["BOOT_ORDER"] == "B R")
    #expect(try variables(of: device)["BOOT_A_LEFT"] == "0")
    #expect(try control.selection() == .confirmed(.b))
  }

  @Test("A confirmed slot on its last attempt can be confirmed again")
  func lastAttempt() throws {
    let device = try flash(copy(["BOOT_ORDER=A B", "BOOT_A_LEFT=0"]), [])
    var control = try open(device)
    try control.confirm(.a)
    #expect(try variables(of: device)["BOOT_A_LEFT"] == "3")
  }

  @Test("Other names can be given")
  func names() throws {
    var names = UBootVariables()
    names.order = EnvironmentName("boot_slots")
    names.slotA = EnvironmentName("system0")
    names.slotB = EnvironmentName("system1")
    names.leftA = EnvironmentName("system0_left")
    names.leftB = EnvironmentName("system1_left")
    let device = try flash(copy(["boot_slots=system0 system1"]), [])
    var control = try open(device, names)
    try control.requestTrial(of: .b, attempts: 2)
    #expect(try variables(of: device)["boot_slots"] == "system1 system0")
    #expect(try variables(of: device)["system1_left"] == "2")
  }

  @Test("Without a valid copy nothing is selected and nothing written")
  func empty() throws {
    var damaged = copy(["BOOT_ORDER=A B"])
    damaged[20] ^= 1
    let device = try flash(damaged, [])
    var control = try open(device)
    #expect(try control.selection() == nil)
    #expect(throws: StorageError.journalEmpty) { try control.requestTrial(of: .b, attempts: 1) }
    #expect(device.snapshot.counters.modifications == 0)
  }

  @Test("A full environment and data without end are errors that change nothing")
  func full() throws {
    let device = try flash(copy(["x=" + String(repeating: "y", count: 480)]), [])
    var control = try open(device)
    #expect(throws: StorageError.record(ParseError(.capacityExceeded, at: 512))) {
      try control.requestTrial(of: .b, attempts: 1)
    }
    #expect(device.snapshot.counters.modifications == 0)
    // 507 bytes of data without a zero at the end.
    let data = [UInt8](repeating: UInt8(ascii: "y"), count: 507)
    let endless = EspressifModel.little(CRC32.checksum(of: data.span)) + [1] + data
    var other = try open(try flash(endless, []))
    #expect(throws: StorageError.record(ParseError(.truncated, at: 512))) { try other.selection() }
    var long = try open(try flash(copy(["BOOT_ORDER=" + String(repeating: "y", count: 200)]), []))
    #expect(throws: StorageError.self) { try long.selection() }
  }

  @Test("Random data with a right checksum never trap")
  func hostile() throws {
    var random = SplitMix64(seed: TestSeed.value)
    let alphabet: [UInt8] = Array("BOOT_ORDERLFTAB= 3".utf8) + [0, 0xff]
    for round in 0..<300 {
      let data = (0..<507).map { _ in
        round % 3 == 0
          ? UInt8(truncatingIfNeeded: random.next()) : alphabet.randomElement(using: &random) ?? 0
      }
      let bytes = EspressifModel.little(CRC32.checksum(of: data.span)) + [UInt8(round % 256)] + data
      var control = try open(try flash(bytes, (0..<64).map { _ in UInt8(truncatingIfNeeded: random.next()) }))
      do throws(StorageError) {
        let before = try control.selection()
        try control.requestTrial(of: before?.slot == .b ? .a : .b, attempts: 1)
        #expect(try control.selection() != before, "seed \(TestSeed.value), round \(round)")
      } catch {
        guard case .record = error else {
          Issue.record("\(error), seed \(TestSeed.value), round \(round)")
          continue
        }
      }
    }
  }

  @Test(
    "fw_printenv reads what was written", .enabled(if: FileManager.default.isExecutableFile(atPath: printer)))
  func printenv() throws {
    let device = try flash(copy(["bootcmd=run distro", "BOOT_ORDER=A B"], flags: 255), [])
    var control = try open(device)
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try control.requestTrial(of: .b, attempts: 2)
    let text = try printed(device, folder)
    for line in [
      "BOOT_ORDER=B A", "BOOT_B_LEFT=2", "BOOT_A_LEFT=3", "BOOT_TRIAL=B", "bootcmd=run distro",
    ] {
      #expect(text.contains(line), "\(text)")
    }
    try control.confirm(.b)
    let after = try printed(device, folder)
    #expect(after.contains("BOOT_B_LEFT=3") && !after.contains { $0.hasPrefix("BOOT_TRIAL") }, "\(after)")
  }

  /// The lines that `fw_printenv` of libubootenv prints for a file with the contents of the device.
  private func printed(_ device: SharedFlash, _ folder: URL) throws -> [String] {
    let image = folder.appendingPathComponent("environment")
    let configuration = folder.appendingPathComponent("fw_env.config")
    try Data(device.snapshot.contents).write(to: image)
    try Data("\(image.path) 0x0 0x200 0x400\n\(image.path) 0x400 0x200 0x400\n".utf8).write(to: configuration)
    let process = Process()
    let pipe = Pipe()
    process.executableURL = URL(fileURLWithPath: UBootEnvironmentTests.printer)
    process.arguments = ["-c", configuration.path]
    process.standardOutput = pipe
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    return String(decoding: output, as: UTF8.self).split(separator: "\n").map(String.init)
  }
}
