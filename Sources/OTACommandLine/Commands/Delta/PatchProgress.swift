import OTADeltaEncoder

/// Shows how far the encoder of a patch has come; nothing for images that are done in a moment.
final class PatchProgress {
  /// From how many bytes on a person would wonder, in bytes.
  private static let noticeableSize = 1 << 20

  private let console: Console
  private let imageSize: Int
  private var bar: ProgressBar?

  init(_ console: Console, imageSize: Int) {
    self.console = console
    self.imageSize = imageSize
  }

  /// Shows a stage, or a part of it; the encoder codes some files twice, then it starts again.
  func update(_ progress: EncodingProgress) {
    guard imageSize >= PatchProgress.noticeableSize else { return }
    switch progress {
    case .planning: show(0, of: 1)
    case .coding(let byteCount, let total): show(byteCount, of: total)
    case .verifying: show(1, of: 1)
    }
  }

  /// Ends the line; a second call does nothing.
  func finish() { bar?.finish() }

  private func show(_ count: Int, of total: Int) {
    // In thousandths, because the contents of a file are longer than the file.
    let permille = total > 0 ? UInt64(min(count, total)) * 1000 / UInt64(total) : 1000
    if let bar {
      bar.update(completed: permille)
    } else {
      bar = ProgressBar(console, label: "making the patch", total: 1000)
    }
  }
}
