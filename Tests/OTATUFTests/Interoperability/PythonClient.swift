import Foundation
import Testing

/// The client of python-tuf, and a server on loopback that takes files by PUT, until this value goes away.
final class PythonClient {
  private let process = Process()
  private let input = Pipe()
  private let output = Pipe()
  let path: String
  /// The address of `path`.
  let address: String

  init() throws {
    path = FileManager.default.temporaryDirectory.appending(path: "ota-tuf-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    process.executableURL = URL(filePath: try #require(pythonWithTUF))
    process.arguments = ["-c", PythonClient.program]
    process.currentDirectoryURL = URL(filePath: path)
    process.standardError = FileHandle.nullDevice
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    address = "http://127.0.0.1:\(try PythonClient.line(from: output))"
  }

  /// The next line of the program.
  private static func line(from output: Pipe) throws -> String {
    var line: [UInt8] = []
    while let byte = try output.fileHandleForReading.read(upToCount: 1)?.first {
      if byte == UInt8(ascii: "\n") { return String(decoding: line, as: UTF8.self) }
      line.append(byte)
    }
    Issue.record("the program has ended")
    return ""
  }

  deinit {
    // The child has inherited a mask of signals that blocks SIGTERM.
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    try? FileManager.default.removeItem(atPath: path)
  }

  /// Brings a client up to date and fetches targets.
  ///
  /// - Parameters:
  ///   - repository: the folder of the repository, below `path`.
  ///   - name: the client; a new name is a client that knows the first root only.
  ///   - targets: what it fetches.
  /// - Returns: the version of the root, and the contents of the targets; or the name of the error.
  /// - Throws: if the client cannot be asked.
  func update(_ repository: String, client name: String, _ targets: [String] = []) throws -> [String] {
    let line = ([repository, name] + targets).joined(separator: "\t") + "\n"
    try input.fileHandleForWriting.write(contentsOf: Data(line.utf8))
    return try PythonClient.line(from: output).split(separator: "\t").map(String.init)
  }

  private static let program = """
    import http.server, os, sys, threading
    from tuf.ngclient import Updater

    class Handler(http.server.SimpleHTTPRequestHandler):
        def do_PUT(self):
            path = self.translate_path(self.path)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            data = self.rfile.read(int(self.headers["Content-Length"]))
            with open(path, "wb") as file:
                file.write(data)
            self.send_response(201)
            self.send_header("Content-Length", "0")
            self.end_headers()

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_address[1]}"
    print(server.server_address[1], flush=True)
    for line in sys.stdin:
        repository, name, *targets = line.rstrip("\\n").split("\\t")
        try:
            bootstrap = None
            if not os.path.exists(name):
                os.makedirs(f"{name}/metadata")
                os.makedirs(f"{name}/targets")
                with open(f"{repository}/metadata/1.root.json", "rb") as file:
                    bootstrap = file.read()
            updater = Updater(
                f"{name}/metadata", f"{base}/{repository}/metadata", f"{name}/targets", f"{base}/{repository}/targets",
                bootstrap=bootstrap)
            updater.refresh()
            answer = [str(updater._trusted_set.root.version)]
            for target in targets:
                info = updater.get_targetinfo(target)
                if info is None:
                    answer.append("-")
                    continue
                with open(updater.download_target(info), "rb") as file:
                    answer.append(file.read().decode())
        except Exception as error:
            answer = [type(error).__name__]
        print("\\t".join(answer), flush=True)
    """
}
