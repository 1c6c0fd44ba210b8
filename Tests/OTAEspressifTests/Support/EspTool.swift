import Foundation
import Testing

/// A Python that has the package `esptool`: the one in the variable `OTA_ESPTOOL_PYTHON`, or `python3` on `PATH`.
let pythonWithEsptool: String? = {
  let environment = ProcessInfo.processInfo.environment
  let folders = environment["PATH", default: ""].split(separator: ":").map { "\($0)/python3" }
  let candidates = environment["OTA_ESPTOOL_PYTHON"].map { [$0] } ?? folders
  return candidates.first { candidate in
    guard FileManager.default.isExecutableFile(atPath: candidate) else { return false }
    let process = Process()
    process.executableURL = URL(filePath: candidate)
    process.arguments = [
      "-c", "import esptool, espsecure; assert int(esptool.__version__.split('.')[0]) >= 5",
    ]
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }
}()

/// A folder in which `esptool` and `espsecure` run; it goes away with this value.
final class EspToolFolder {
  private let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "ota-esptool-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  func write(_ bytes: [UInt8], to name: String) throws {
    try Data(bytes).write(to: folder.appending(path: name))
  }

  func read(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: folder.appending(path: name))) }

  /// Runs a tool.
  ///
  /// - Returns: its exit code, and what it printed.
  @discardableResult
  func run(_ tool: String, _ arguments: String...) throws -> (status: Int32, output: String) {
    try run(tool, arguments)
  }

  @discardableResult
  func run(_ tool: String, _ arguments: [String]) throws -> (status: Int32, output: String) {
    let process = Process()
    process.executableURL = URL(filePath: try #require(pythonWithEsptool))
    process.arguments = ["-m", tool] + arguments
    process.currentDirectoryURL = folder
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, text)
  }
}

/// The smallest ELF file that `esptool elf2image` makes an application of.
enum ELFFile {
  /// An executable for RISC-V with these sections.
  static func bytes(_ sections: [(address: UInt32, bytes: [UInt8])]) -> [UInt8] {
    func half(_ value: Int) -> [UInt8] { RawApplication.pair(UInt16(value)) }
    func word(_ value: Int) -> [UInt8] { RawApplication.word(UInt32(value)) }
    let names: [UInt8] = [0] + Array(".data\0.names\0".utf8)
    var contents: [UInt8] = []
    var heads = [UInt8](repeating: 0, count: 40)
    for section in sections {
      // PROGBITS that take memory.
      heads += word(1) + word(1) + word(3) + RawApplication.word(section.address)
      heads += word(52 + contents.count) + word(section.bytes.count) + word(0) + word(0) + word(4) + word(0)
      contents += section.bytes
    }
    heads += word(7) + word(3) + word(0) + word(0) + word(52 + contents.count) + word(names.count)
    heads += word(0) + word(0) + word(1) + word(0)
    contents += names
    let identity: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, 1, 1, 1, 0] + [UInt8](repeating: 0, count: 8)
    var header = identity + half(2) + half(243) + word(1) + word(0x4038_0000) + word(0)
    header += word(52 + contents.count) + word(0) + half(52) + half(32) + half(0) + half(40)
    header += half(sections.count + 2) + half(sections.count + 1)
    return header + contents + heads
  }
}
