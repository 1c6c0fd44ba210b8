import Foundation
import Glibc

/// Where temporary folders are made.
func demoFolder() -> String { ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp" }

/// A folder of one demonstration, removed with all its files at the end.
struct DemoFolder: ~Copyable {
  let path: String

  /// Makes a folder that nobody else can look into.
  ///
  /// - Throws: status ``ExitStatus/inputOutput`` if it cannot be made.
  init() throws(CommandFailure) {
    var template = [CChar]((demoFolder() + "/ota-demo-XXXXXX").utf8CString)
    guard unsafe mkdtemp(&template) != nil else {
      throw systemFailure(demoFolder(), errno, doing: .writing)
    }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}
