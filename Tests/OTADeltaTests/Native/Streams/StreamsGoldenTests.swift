import OTADeltaStreams
import Testing

@testable import OTADelta

/// Patches that were made once: as long as the version of the format is the same, they give the same image.
@Suite("Patches of streams of old")
struct StreamsGoldenTests {
  /// Covers, runs, differences and extra bytes: stored, or compressed in one way or the other.
  static let patches: [(name: String, hex: String)] = [
    (
      "stored",
      "4f5441440103000000c801a601280200927c99f0fcefe8d1196aa3bfb1d22c6e000800040004001008c8015007bf024602024b"
        + "0201ff0907696e2066726f6e746265747765656e21"
    ),
    (
      "lzma",
      "4f5441440103000000c801a6013f0200927c99f0fcefe8d1196aa3bfb1d22c6e41080d410408410409411015000433ffa7d22d"
        + "11f3e3fd1c960001621ea3e000000000c1be3aee042e8000349c5c677befba7bcaa5ddd1e73f396172d4b900"
    ),
    (
      "zstd",
      "4f5441440103000000c801a601500200927c99f0fcefe8d1196aa3bfb1d22c6e52081152040d52040d52101928b52ffd200841"
        + "000008c8015007bf024628b52ffd200421000002024b0228b52ffd200421000001ff090728b52ffd2010810000696e2066726f"
        + "6e746265747765656e21"
    ),
  ]

  @Test("Each gives the image that it was made for", arguments: patches.indices)
  func decode(_ index: Int) throws {
    let (name, hex) = StreamsGoldenTests.patches[index]
    let digits = Array(hex.utf8).map { $0 < 0x40 ? $0 - 0x30 : $0 - 0x57 }
    let patch = stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    let (old, new) = (StreamPatchBuilder.sample.old, StreamPatchBuilder.sample.new)
    #expect(
      try applyStreams(patch, to: old, imageSize: new.count) == Outcome(output: new, error: nil), "\(name)")
  }

  @Test("The document's form of a patch is what is written")
  func written() {
    let hex = StreamPatchBuilder.sample.patch.map {
      String($0 >> 4, radix: 16) + String($0 & 15, radix: 16)
    }.joined()
    #expect(hex == StreamsGoldenTests.patches[0].hex)
  }
}
