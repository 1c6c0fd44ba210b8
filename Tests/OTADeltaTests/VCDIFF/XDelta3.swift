import Foundation

/// The program xdelta3, if it is installed.
enum XDelta3 {
  /// Where it is.
  static let path: String? =
    (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin").split(separator: ":")
    .map { "\($0)/xdelta3" }
    .first { FileManager.default.isExecutableFile(atPath: $0) }

  enum Failure: Error {
    case notInstalled
    case status(Int32, String)
  }

  /// Makes a patch.
  static func encode(old: [UInt8], new: [UInt8], _ options: [String] = []) throws -> [UInt8] {
    // -D: it would unpack gzip inside, silently.
    try run(["-e", "-D"] + options, old: old, input: new)
  }

  /// Applies a patch.
  static func decode(old: [UInt8], patch: [UInt8]) throws -> [UInt8] {
    try run(["-d", "-D"], old: old, input: patch)
  }

  private static func run(_ options: [String], old: [UInt8], input: [UInt8]) throws -> [UInt8] {
    guard let path else { throw Failure.notInstalled }
    let folder = FileManager.default.temporaryDirectory.appending(path: "xdelta3-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let (oldFile, inputFile) = (folder.appending(path: "old"), folder.appending(path: "input"))
    let outputFile = folder.appending(path: "output")
    try Data(old).write(to: oldFile)
    try Data(input).write(to: inputFile)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = options + ["-f", "-s", oldFile.path, inputFile.path, outputFile.path]
    let errors = Pipe()
    process.standardError = errors
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    let text = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw Failure.status(process.terminationStatus, String(decoding: text, as: UTF8.self))
    }
    return [UInt8](try Data(contentsOf: outputFile))
  }
}
