import Foundation
import Testing

/// The built executable, beside the test runner.
let executable: String? = {
  let path = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    .appending(path: "ota").path
  return FileManager.default.isExecutableFile(atPath: path) ? path : nil
}()

/// Runs lines of bash in a folder, in which `$OTA` is the program.
///
/// - Returns: how bash ended, and what came on stderr.
func bash(_ lines: String, in folder: TemporaryFolder) throws -> (status: Int32, diagnostics: String) {
  let process = Process()
  process.executableURL = URL(filePath: "/bin/bash")
  process.arguments = ["-c", lines]
  process.currentDirectoryURL = URL(filePath: folder.path)
  process.environment = ["OTA": try #require(executable), "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"]
  let pipe = Pipe()
  process.standardError = pipe
  process.standardOutput = FileHandle.nullDevice
  try process.run()
  let data = pipe.fileHandleForReading.readDataToEndOfFile()
  process.waitUntilExit()
  #expect(process.terminationReason == .exit)
  return (process.terminationStatus, String(decoding: data, as: UTF8.self))
}
