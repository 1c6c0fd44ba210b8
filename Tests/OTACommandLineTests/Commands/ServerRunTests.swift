import OTACommandLine
import Testing

@Suite("ota server run, command line")
struct ServerRunUsageTests {
  @Test(
    "an address or a database that is none is status 64, and nothing is made",
    arguments: [
      ["--listen", "8080"], ["--listen", ":8080"], ["--listen", "localhost:"],
      ["--listen", "localhost:65536"],
      ["--listen", "localhost:-1"], ["--listen", "localhost:+80"], ["--listen", "::1:80"],
      ["--listen", "[]:80"],
      ["--listen", "h:80", "--database", "postgres://h/d"], ["--listen", "h:80", "--database", "sqlite:"],
      ["--listen", "h:80", "--database", "file.sqlite3"], [],
    ])
  func usage(arguments: [String]) async throws {
    let folder = try TemporaryFolder()
    let run = await run(
      ["server", "run", "--data", folder.file("data")] + arguments, commands: CommandTable.all)
    #expect(run.status == .usage)
    #expect(run.diagnosticLines.count == 1)
    #expect(try folder.names() == [])
  }
}

/// A whole process, for signals and sockets belong to one.
@Suite(
  "ota server run, the process", .enabled(if: executable != nil, "the executable is not beside the tests"))
struct ServerRunProcessTests {
  /// Starts a server in the background and waits until it has printed its address.
  static let start = """
    start() {
      "$OTA" server run --listen 127.0.0.1:0 --data data "$@" > address 2> notes &
      server=$!
      for attempt in $(seq 1000); do
        port=$(sed -n 's/.*127\\.0\\.0\\.1:\\([0-9]*\\).*/\\1/p' address)
        [ -n "$port" ] && return 0
        kill -0 $server 2>/dev/null || break
        sleep 0.01
      done
      cat notes >&2
      exit 90
    }
    stop() {
      kill -$1 $server
      wait $server
    }
    ask() {
      exec 3<>/dev/tcp/127.0.0.1/$port
      printf '%s HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n' "$1" >&3
      cat <&3
    }

    """

  @Test("says where it listens, answers, and ends with status 0 on a signal", arguments: ["TERM", "INT"])
  func lifeCycle(signal: String) throws {
    let folder = try TemporaryFolder()
    let digest = String(repeating: "0", count: 64)
    let run = try bash(
      Self.start + """
        start
        ask 'GET /artifacts/\(digest)' > answer || exit 91
        stop \(signal)
        """, in: folder)
    #expect(run.status == 0, "\(run.diagnostics)")
    let answer = String(decoding: try folder.read("answer"), as: UTF8.self)
    #expect(answer.hasPrefix("HTTP/1.1 404"))
    let address = String(decoding: try folder.read("address"), as: UTF8.self)
    #expect(address.hasPrefix("listening on http://127.0.0.1:"))
    #expect(address.split(separator: "\n").count == 1)
    #expect(try folder.names() == ["address", "answer", "data", "notes"])
  }

  @Test("the address as JSON is one document, and the database is where it was asked for")
  func json() throws {
    let folder = try TemporaryFolder()
    let run = try bash(Self.start + "start --json --database sqlite:my.db; stop TERM", in: folder)
    #expect(run.status == 0, "\(run.diagnostics)")
    let text = String(decoding: try folder.read("address"), as: UTF8.self)
    #expect(text.hasPrefix("{\n  \"address\" : \"http://127.0.0.1:"))
    #expect(text.contains("\"database\" : \"my.db\""))
    #expect(try folder.names().contains("my.db"))
  }

  @Test("a port in use is status 69, with one line that names it")
  func portInUse() throws {
    let folder = try TemporaryFolder()
    let run = try bash(
      Self.start + """
        start
        "$OTA" server run --listen 127.0.0.1:$port --data other
        status=$?
        stop TERM || exit 91
        exit $status
        """, in: folder)
    #expect(run.status == 69)
    #expect(run.diagnostics.split(separator: "\n").count == 1)
    #expect(run.diagnostics.contains("another program listens on 127.0.0.1:"))
    #expect(run.diagnostics.contains("[0x080A addressInUse]"))
  }

  @Test(
    "a folder or database that cannot be used is status 74, with one line that names it",
    arguments: [
      ("touch data", "data"), ("mkdir data; echo nonsense > data/server.sqlite3", "data/server.sqlite3"),
      ("mkdir -p data/server.sqlite3", "data/server.sqlite3"),
      ("mkdir data; touch data/artifacts", "data/artifacts"),
    ])
  func unusable(row: (preparation: String, name: String)) throws {
    let folder = try TemporaryFolder()
    let run = try bash(
      "\(row.preparation); $OTA server run --listen 127.0.0.1:0 --data data", in: folder)
    #expect(run.status == 74)
    #expect(run.diagnostics.split(separator: "\n").count == 1)
    #expect(run.diagnostics.contains(row.name))
  }

  @Test("a missing folder above the data is status 74")
  func missingFolder() throws {
    let folder = try TemporaryFolder()
    let run = try bash("$OTA server run --listen 127.0.0.1:0 --data a/b/c", in: folder)
    #expect(run.status == 74)
    #expect(run.diagnostics == "ota: a/b/c: cannot be written: no such file or folder; check the path\n")
  }

  @Test("when nobody can read its address it stops, with status 74")
  func deaf() throws {
    let folder = try TemporaryFolder()
    let run = try bash("$OTA server run --listen 127.0.0.1:0 --data data > /dev/full", in: folder)
    #expect(run.status == 74)
  }
}
