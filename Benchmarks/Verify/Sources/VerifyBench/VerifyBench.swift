import CRawSodium
import Foundation
import Glibc

/// Compares verification with the C libraries that it is made of: see Benchmarks/README.md.
@main
struct VerifyBench {
  static func main() async throws {
    var arguments = Array(CommandLine.arguments.dropFirst())
    func option(_ name: String) -> String? {
      guard let index = arguments.firstIndex(of: name), index + 1 < arguments.count else { return nil }
      defer { arguments.removeSubrange(index...index + 1) }
      return arguments[index + 1]
    }
    let (json, docs) = (option("--json"), option("--docs"))
    let rounds = option("--rounds").flatMap(Int.init) ?? 31
    let gate = arguments.contains("--gate")
    arguments.removeAll { $0 == "--gate" }
    guard arguments.isEmpty, rounds > 0 else {
      FileHandle.standardError.write(
        Data("usage: VerifyBench [--rounds N] [--json FILE] [--docs FILE] [--gate]\n".utf8))
      exit(64)
    }
    guard sodium_init() >= 0 else { exit(69) }

    let cores = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    let workers =
      [1] + (cores > 1 ? (1...cores).filter { $0 > 1 && ($0 == cores || $0.nonzeroBitCount == 1) } : [])
    var lines = Cases.streaming(
      sizes: [1 << 20, 8 << 20, 64 << 20], chunks: [4 << 10, 16 << 10, 64 << 10, 1 << 20], rounds: rounds)
    lines += try Cases.signatures(sizes: [100, 1000, 10_000], rounds: rounds)
    lines += try await Cases.blocks(
      size: 8 << 20, blockSizes: [4 << 10, 64 << 10, 256 << 10], workers: workers, rounds: 20 * rounds)

    func least(_ group: String) -> Double { lines.filter { $0.group == group }.map(\.ratio).min() ?? 0 }
    var targets = [
      Target(
        name: "Streaming verification / raw OpenSSL digest, the worst line", wanted: 0.95,
        measured: least("streaming")),
      Target(name: "Ed25519 / raw libsodium, the worst line", wanted: 0.95, measured: least("ed25519")),
    ]
    if let most = workers.last, most > 1 {
      let scaled = lines.filter { $0.group == "blocks" && $0.name.hasSuffix(", \(most) at a time") }.map(
        \.ratio)
      targets.append(
        Target(
          name: "Blocks on \(most) cores / on one, the worst line", wanted: 0.9 * Double(most),
          measured: scaled.min() ?? 0))
    }
    let report = Report(machine: machine(), cores: cores, targets: targets, lines: lines)
    print(report.markdown)
    if let json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      try (encoder.encode(report) + Data("\n".utf8)).write(to: URL(filePath: json))
    }
    if let docs { try report.write(into: docs) }
    if gate, targets.contains(where: { !$0.isReached }) { exit(1) }
  }

  /// The name of the processor, as Linux has it.
  private static func machine() -> String {
    let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
    return line?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) }
      ?? "unknown processor"
  }
}
