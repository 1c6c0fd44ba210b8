import Foundation
import Testing

/// Finds a tool: the file in a variable, or the first on `PATH`, if it says its version.
private func tool(_ name: String, variable: String, begins: String) -> String? {
  let environment = ProcessInfo.processInfo.environment
  let folders = environment["PATH", default: ""].split(separator: ":").map { "\($0)/\(name)" }
  let candidates = environment[variable].map { [$0] } ?? folders
  return candidates.first { candidate in
    guard FileManager.default.isExecutableFile(atPath: candidate) else { return false }
    let process = Process()
    process.executableURL = URL(filePath: candidate)
    process.arguments = ["version"]
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    // Later versions are another program with the same name.
    return process.terminationStatus == 0 && text.contains(begins)
  }
}

/// `nrfutil` of Nordic, version 6: the last one in Python, which makes packages.
let nrfutil = tool("nrfutil", variable: "OTA_NRFUTIL", begins: "nrfutil version 6.")
/// `adafruit-nrfutil`, which makes packages of the older form.
let adafruit = tool("adafruit-nrfutil", variable: "OTA_ADAFRUIT_NRFUTIL", begins: "adafruit-nrfutil version")

/// A folder in which the tools run; it goes away with this value.
final class NordicToolFolder {
  private let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "ota-nordic-\(UUID().uuidString)")
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
  func run(_ tool: String?, _ arguments: [String]) throws -> (status: Int32, output: String) {
    let process = Process()
    process.executableURL = URL(filePath: try #require(tool))
    process.arguments = arguments
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
