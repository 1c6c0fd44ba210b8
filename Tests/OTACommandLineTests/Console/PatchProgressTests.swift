import OTADeltaEncoder
import Testing

@testable import OTACommandLine

@Suite("PatchProgress")
struct PatchProgressTests {
  private func diagnostics(imageSize: Int, _ body: (PatchProgress) -> Void) -> String {
    let diagnostics = BufferSink(isTerminal: false, columns: 60)
    let console = Console(
      output: BufferSink(isTerminal: false, columns: 60), diagnostics: diagnostics, environment: [:])
    let progress = PatchProgress(console, imageSize: imageSize)
    body(progress)
    progress.finish()
    return diagnostics.text
  }

  @Test("the stages of the encoder move the bar; the contents of a file may be longer than the file")
  func stages() {
    let total = 3 << 20
    let text = diagnostics(imageSize: 1 << 20) { progress in
      progress.update(.planning)
      for count in stride(from: 0, through: total, by: 64 << 10) {
        progress.update(.coding(byteCount: count, of: total))
      }
      progress.update(.verifying)
    }
    #expect(
      text == [0, 25, 50, 75, 100].map { "making the patch: \($0) %\n" }.joined())
  }

  @Test("nothing is said of images that are done in a moment, and nothing without a report")
  func quiet() {
    #expect(diagnostics(imageSize: (1 << 20) - 1) { $0.update(.verifying) }.isEmpty)
    #expect(diagnostics(imageSize: 1 << 30) { _ in }.isEmpty)
  }

  @Test("an image of no bytes is done, and more than all is all")
  func extremes() {
    let text = diagnostics(imageSize: 1 << 20) { progress in
      progress.update(.coding(byteCount: 0, of: 0))
      progress.update(.coding(byteCount: .max, of: 1))
    }
    #expect(text == "making the patch: 0 %\nmaking the patch: 100 %\n")
  }
}
