import Foundation

/// How many bytes more the process holds after many rounds of something than before.
///
/// Four times the least growth of any quarter of the rounds: a leak is in each of them, and what other tests do at the
/// same time only in some.
func memoryGrowth<Failure: Error>(
  rounds: Int, _ body: () throws(Failure) -> Void
) throws(Failure) -> Int {
  // What is fetched or cached once is no leak.
  for _ in 0..<100 { try body() }
  var least = Int.max
  for _ in 0..<4 {
    let before = residentBytes()
    for _ in 0..<rounds / 4 { try body() }
    least = min(least, residentBytes() - before)
  }
  return least * 4
}

/// The resident set, of proc(5), `/proc/self/statm`.
private func residentBytes() -> Int {
  let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
  let fields = text.split(separator: " ")
  guard fields.count > 1, let pages = Int(fields[1]) else { preconditionFailure("no /proc/self/statm") }
  return pages * 4096
}
