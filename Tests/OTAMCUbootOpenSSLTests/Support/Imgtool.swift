import Foundation
import Testing

/// `imgtool` of MCUboot in a folder that goes away with the value.
final class Imgtool: Sendable {
  /// The program: the file in the variable `OTA_IMGTOOL`, or the first on `PATH`.
  static let path: String? = {
    let environment = ProcessInfo.processInfo.environment
    let folders = environment["PATH", default: ""].split(separator: ":").map { "\($0)/imgtool" }
    return (environment["OTA_IMGTOOL"].map { [$0] } ?? folders)
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }()

  private let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "ota-imgtool-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  func write(_ bytes: [UInt8], to name: String) throws {
    try Data(bytes).write(to: folder.appending(path: name))
  }

  func read(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: folder.appending(path: name))) }

  /// Runs the program.
  ///
  /// - Returns: its exit code, and what it wrote.
  func run(_ arguments: [String]) throws -> (status: Int32, output: String) {
    let process = Process()
    process.executableURL = URL(filePath: try #require(Self.path))
    process.arguments = arguments
    process.currentDirectoryURL = folder
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: data, as: UTF8.self))
  }
}
