import Foundation

/// How many bytes more the process holds after many rounds of something than before.
///
/// What other tests do at the same time is in it too, so that only a leak in every round can be told from it.
func memoryGrowth<Failure: Error>(
  rounds: Int, _ body: () throws(Failure) -> Void
) throws(Failure) -> Int {
  // What is fetched or cached once is no leak.
  for _ in 0..<100 { try body() }
  let before = residentBytes()
  for _ in 0..<rounds { try body() }
  return residentBytes() - before
}

/// The resident set, of proc(5), `/proc/self/statm`.
private func residentBytes() -> Int {
  let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
  let fields = text.split(separator: " ")
  guard fields.count > 1, let pages = Int(fields[1]) else { preconditionFailure("no /proc/self/statm") }
  return pages * 4096
}
