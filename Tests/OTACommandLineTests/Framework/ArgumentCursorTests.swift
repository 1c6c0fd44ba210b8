import OTACommandLine
import Testing

@Suite("ArgumentCursor")
struct ArgumentCursorTests {
  /// What a small command would take.
  struct Taken: Equatable {
    var verbose: Bool
    var key: String?
    var tags: [String]
    var file: String
  }

  private func take(_ arguments: [String]) -> Result<Taken, UsageError> {
    do throws(UsageError) {
      var cursor = ArgumentCursor(arguments)
      let verbose = try cursor.flag("--verbose", "-v")
      let key = try cursor.option("--key", "-k")
      let tags = try cursor.options("--tag")
      let file = try cursor.positional("FILE")
      try cursor.finish()
      return .success(Taken(verbose: verbose, key: key, tags: tags, file: file))
    } catch {
      return .failure(error)
    }
  }

  @Test(
    "options stand anywhere, with their value behind them or behind an equals sign",
    arguments: [
      ["--verbose", "--key", "K", "F"], ["F", "--key", "K", "--verbose"], ["-v", "-k", "K", "F"],
      ["--key=K", "F", "-v"], ["--key", "K", "-v", "--", "F"], ["-v", "-v", "F", "--key=K"],
    ])
  func forms(arguments: [String]) {
    #expect(take(arguments) == .success(Taken(verbose: true, key: "K", tags: [], file: "F")))
  }

  @Test("values may be empty, be a dash, hold an equals sign, or begin with a dash behind an equals sign")
  func values() {
    #expect(take(["--key=", "F"]) == .success(Taken(verbose: false, key: "", tags: [], file: "F")))
    #expect(take(["--key", "", "F"]) == .success(Taken(verbose: false, key: "", tags: [], file: "F")))
    #expect(take(["--key", "-", "-"]) == .success(Taken(verbose: false, key: "-", tags: [], file: "-")))
    #expect(take(["--key=a=b", "F"]) == .success(Taken(verbose: false, key: "a=b", tags: [], file: "F")))
    #expect(take(["--key=--x", "F"]) == .success(Taken(verbose: false, key: "--x", tags: [], file: "F")))
    #expect(
      take(["--tag", "1", "F", "--tag=2"])
        == .success(Taken(verbose: false, key: nil, tags: ["1", "2"], file: "F")))
  }

  @Test("behind -- everything is an argument")
  func literal() {
    #expect(
      take(["--", "--verbose"]) == .success(Taken(verbose: false, key: nil, tags: [], file: "--verbose")))
    #expect(take(["--", "--"]) == .success(Taken(verbose: false, key: nil, tags: [], file: "--")))
    #expect(take(["--key", "--", "F"]) == .failure(.missingValue(option: "--key")))
  }

  @Test(
    "what is wrong is named",
    arguments: [
      ([], .missingArgument("FILE")),
      (["--key"], .missingValue(option: "--key")),
      (["-k"], .missingValue(option: "-k")),
      (["--key", "--verbose", "F"], .missingValue(option: "--key")),
      (["--key", "-v", "F"], .missingValue(option: "--key")),
      (["--key", "--tag", "x", "F"], .missingValue(option: "--key")),
      (["--tag", "--key", "x", "F"], .missingValue(option: "--tag")),
      (["--key", "-x", "F"], .missingValue(option: "--key")),
      (["--key", "1", "--key=2", "F"], .duplicateOption("--key")),
      (["--key", "1", "-k", "2", "F"], .duplicateOption("--key")),
      (["--verbose=yes", "F"], .unexpectedValue(option: "--verbose")),
      (["F", "G"], .unexpectedArgument("G")),
      (["F", "--", "--verbose"], .unexpectedArgument("--verbose")),
      (["--kye", "K", "F"], .unknownOption("--kye", suggestion: "--key")),
      (["--kye=K", "F"], .unknownOption("--kye", suggestion: "--key")),
      (["F", "--verbos"], .unknownOption("--verbos", suggestion: "--verbose")),
      (["F", "--unheard-of"], .unknownOption("--unheard-of", suggestion: nil)),
      (["-x", "F"], .unknownOption("-x", suggestion: "-v")),
      (["-vk", "K", "F"], .unknownOption("-vk", suggestion: "-v")),
    ] as [([String], UsageError)])
  func errors(row: (arguments: [String], error: UsageError)) {
    #expect(take(row.arguments) == .failure(row.error))
  }

  @Test("numbers are whole and in their range")
  func numbers() {
    func take(_ text: String) -> Result<Int?, UsageError> {
      do throws(UsageError) {
        var cursor = ArgumentCursor(["--count=\(text)"])
        return .success(try cursor.integerOption("--count", in: 1...100))
      } catch {
        return .failure(error)
      }
    }
    #expect(take("1") == .success(1))
    #expect(take("100") == .success(100))
    for text in ["0", "101", "-1", "1.5", "", "x", " 1", "99999999999999999999"] {
      #expect(
        take(text)
          == .failure(.invalidValue(name: "--count", value: text, expected: "a whole number from 1 to 100")))
    }
    var cursor = ArgumentCursor([])
    #expect(throws: UsageError.missingOption("--out")) { try cursor.requiredOption("--out") }
    #expect(throws: Never.self) {
      let number = try cursor.integerOption("--count", in: 1...2)
      #expect(number == nil)
    }
  }

  @Test(
    "a misspelt word is answered with the nearest one",
    arguments: [
      ("verfiy", "verify"), ("inspct", "inspect"), ("signn", "sign"), ("Sign", "sign"), ("xyzzy", nil),
      ("", nil),
      ("s", nil), ("insp", nil),
    ] as [(String, String?)])
  func suggestions(row: (word: String, suggestion: String?)) {
    #expect(nearest(to: row.word, among: ["sign", "verify", "inspect"]) == row.suggestion)
  }
}
