import Testing

@Suite("The ota process", .enabled(if: executable != nil, "the executable is not beside the tests"))
struct ProcessTests {
  @Test("the status reaches the shell")
  func status() throws {
    let folder = try TemporaryFolder()
    #expect(try bash("$OTA --version", in: folder).status == 0)
    #expect(try bash("$OTA nonsense", in: folder).status == 64)
    #expect(try bash("$OTA delta inspect missing", in: folder).status == 74)
    #expect(try bash("echo x > p; $OTA delta inspect p", in: folder).status == 1)
  }

  @Test("a full disk under stdout is status 74 and one line")
  func fullOutput() throws {
    let folder = try TemporaryFolder()
    let run = try bash("$OTA --help > /dev/full", in: folder)
    #expect(run.status == 74)
    #expect(
      run.diagnostics
        == "ota: standard output: cannot be written: no space left on the device; free some space and try again\n"
    )
  }

  @Test("a reader that closes stdout early is no crash: status 74, nothing on stderr")
  func closedOutput() throws {
    let folder = try TemporaryFolder()
    // The pipe is closed for certain before the program writes: it waits for the file that the reader makes last.
    let run = try bash(
      "{ until [ -e gone ]; do sleep 0.01; done; $OTA --help; echo $? > status; } | { exec 0<&-; touch gone; }",
      in: folder)
    #expect(run.diagnostics.isEmpty)
    #expect(String(decoding: try folder.read("status"), as: UTF8.self) == "74\n")
  }

  @Test("closed stdout and stderr are no crash")
  func closedDescriptors() throws {
    let folder = try TemporaryFolder()
    #expect(try bash("$OTA --help >&-", in: folder).status == 74)
    #expect(try bash("$OTA nonsense 2>&-", in: folder).status == 64)
  }

  @Test("a limit on the size of files stops writing with status 74, and nothing half-written is left")
  func fileSizeLimit() throws {
    let folder = try TemporaryFolder()
    let run = try bash(
      """
      head -c 100000 /dev/urandom > new
      : > old
      $OTA delta make old new patch || exit 90
      (ulimit -f 16; exec $OTA delta apply old patch out)
      """, in: folder)
    #expect(run.status == 74)
    #expect(
      run.diagnostics
        == "ota: out: cannot be written: the limit on the size of files is reached; "
        + "raise the limit (ulimit -f) and try again\n")
    #expect(try folder.names() == ["new", "old", "patch"])
  }

  @Test("secrets and images come from stdin where - says so")
  func standardInput() throws {
    let folder = try TemporaryFolder()
    let run = try bash(
      """
      printf 'old image' > old
      printf 'new image' | $OTA delta make old - patch || exit 90
      $OTA delta apply - patch out < old || exit 91
      [ "$(cat out)" = 'new image' ]
      """, in: folder)
    #expect(run.status == 0)
    #expect(run.diagnostics.isEmpty)
  }

  @Test("umask applies to files that are not secret")
  func umask() throws {
    let folder = try TemporaryFolder()
    let run = try bash("umask 027; $OTA key generate --algorithm ed25519 --out k.pem", in: folder)
    #expect(run.status == 0)
    #expect(try folder.mode("k.pem") == 0o600)
    #expect(try folder.mode("k.pub.pem") == 0o640)
  }
}
