import OTACore
import OTADelta
import OTADeltaVCDIFF
import Testing

/// A patch that must be refused, on an old image of 1000 bytes.
struct MalformedVCDIFF: CustomTestStringConvertible {
  var name: String
  var error: DeltaError
  var expectedSize = 100
  /// How many bytes may be written before the fault is seen.
  var written = 0
  var patch: [UInt8]

  var testDescription: String { name }
}

@Suite("VCDIFF: malformed patches")
struct VCDIFFMalformedTests {
  static let old = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 7) }

  /// A window of a hundred bytes of the old image, right but for what is changed.
  static func window(_ change: (inout VCDIFFWindow) -> Void = { _ in }) -> VCDIFFWindow {
    var window = VCDIFFWindow(
      indicator: 1, segment: (size: 1000, position: 0), targetSize: 100, instructions: [19, 100],
      addresses: [50])
    change(&window)
    return window
  }

  static func bad(
    _ name: String, _ error: DeltaError, written: Int = 0, _ change: (inout VCDIFFWindow) -> Void
  ) -> MalformedVCDIFF {
    MalformedVCDIFF(name: name, error: error, written: written, patch: vcdiff(window(change)))
  }

  static let header: [MalformedVCDIFF] = [
    MalformedVCDIFF(name: "nothing at all", error: .truncated, patch: []),
    MalformedVCDIFF(name: "short header", error: .truncated, patch: [0xd6, 0xc3]),
    MalformedVCDIFF(name: "header only", error: .truncated, patch: vcdiffHeader),
    MalformedVCDIFF(name: "another format", error: .unsupportedFormat, patch: Array("ENDSLEY/".utf8)),
    MalformedVCDIFF(
      name: "version S", error: .unsupportedFormat, patch: [0xd6, 0xc3, 0xc4, 0x53, 0] + window().bytes),
    MalformedVCDIFF(
      name: "a code table of its own", error: .unsupportedFormat, patch: [0xd6, 0xc3, 0xc4, 0, 2, 5]),
    MalformedVCDIFF(
      name: "unknown bit of the header", error: .unsupportedFormat, patch: [0xd6, 0xc3, 0xc4, 0, 8]),
    MalformedVCDIFF(
      name: "secondary compressor DJW", error: .unsupportedCompression, patch: [0xd6, 0xc3, 0xc4, 0, 1, 1]),
    MalformedVCDIFF(
      name: "secondary compressor FGK", error: .unsupportedCompression, patch: [0xd6, 0xc3, 0xc4, 0, 1, 16]),
    MalformedVCDIFF(
      name: "application header that is too long", error: .unsupportedFormat,
      patch: [0xd6, 0xc3, 0xc4, 0, 4] + VCDIFFWindow.integer((64 << 10) + 1)),
    MalformedVCDIFF(
      name: "number with a leading zero", error: .nonCanonicalNumber,
      patch: [0xd6, 0xc3, 0xc4, 0, 4, 0x80, 0]),
    MalformedVCDIFF(
      name: "number of six bytes", error: .nonCanonicalNumber,
      patch: vcdiffHeader + [1, 0x81, 0x80, 0x80, 0x80, 0x80, 0]),
    MalformedVCDIFF(
      name: "number without an end", error: .nonCanonicalNumber,
      patch: vcdiffHeader + [1] + [UInt8](repeating: 0xff, count: 1000)),
  ]

  static let windows: [MalformedVCDIFF] = [
    bad("unknown bit of the window", .corruptStream) { $0.indicator = 9 },
    bad("two segments", .corruptStream) { $0.indicator = 3 },
    bad("delta indicator without a compressor", .corruptStream) { $0.deltaIndicator = 1 },
    bad("delta that says too much", .corruptStream) { $0.lie = 1 },
    bad("delta that says too little", .corruptStream) { $0.lie = -1 },
    bad("segment that is too long", .sourceOutOfRange) { $0.segment = (size: 1001, position: 0) },
    bad("segment that is too far", .sourceOutOfRange) { $0.segment = (size: 1000, position: 1) },
    bad("segment that is huge", .sourceOutOfRange) { $0.segment = (size: 1, position: (1 << 35) - 1) },
    bad("segment in the new image before there is any", .sourceOutOfRange) { $0.indicator = 2 },
    bad("window that is larger than the image", .outputOverflow) { $0.targetSize = 101 },
    bad("window that is huge", .outputOverflow) { $0.targetSize = (1 << 35) - 1 },
    MalformedVCDIFF(
      name: "window behind the image", error: .outputOverflow, written: 100,
      patch: vcdiff(window(), window())),
    MalformedVCDIFF(
      name: "image that is too short", error: .truncated, expectedSize: 101, written: 100,
      patch: vcdiff(window())),
    MalformedVCDIFF(
      name: "a byte behind the last window", error: .truncated, written: 100, patch: vcdiff(window()) + [0]),
    bad("more new bytes than the window has", .corruptStream) { $0.data = [UInt8](repeating: 0, count: 101) },
    bad("more codes than the window can use", .corruptStream) {
      $0.instructions = [UInt8](repeating: 2, count: 601)
    },
    bad("more addresses than the window can use", .corruptStream) {
      $0.addresses = [UInt8](repeating: 2, count: 501)
    },
    MalformedVCDIFF(
      name: "wrong checksum", error: .outputMismatch,
      patch: vcdiff(
        window {
          $0.indicator = 5
          $0.checksum = [1, 2, 3, 4]
        })),
  ]

  static let instructions: [MalformedVCDIFF] = [
    bad("no instruction", .corruptStream) {
      $0.instructions = []
      $0.addresses = []
    },
    bad("instructions that end early", .corruptStream) {
      $0.instructions = [20]
    },
    bad("code whose size is missing", .corruptStream) { $0.instructions = [19] },
    bad("instruction too many", .corruptStream) { $0.instructions += [20] },
    bad("instruction without a byte", .noProgress) { $0.instructions = [19, 0] },
    bad("instruction that leaves the window", .outputOverflow) { $0.instructions = [19, 101] },
    bad("second half that leaves the window", .outputOverflow) {
      $0.data = [UInt8](repeating: 1, count: 98)
      $0.instructions = [1, 97, 163]
    },
    bad("copy without an address", .corruptStream) { $0.addresses = [] },
    bad("address too many", .corruptStream) { $0.addresses = [50, 50] },
    bad("copy that leaves the segment", .sourceOutOfRange) { $0.addresses = VCDIFFWindow.integer(901) },
    bad("copy of what is not made yet", .sourceOutOfRange) { $0.addresses = VCDIFFWindow.integer(1000) },
    bad("copy from before the start", .sourceOutOfRange) {
      $0.instructions = [35, 100]
      $0.addresses = VCDIFFWindow.integer(1001)
    },
    bad("copy from here", .sourceOutOfRange) {
      $0.instructions = [35, 100]
      $0.addresses = [0]
    },
    bad("copy near a place that leads outside", .sourceOutOfRange) {
      $0.instructions = [19, 4, 51, 96]
      $0.addresses = VCDIFFWindow.integer(996) + VCDIFFWindow.integer(8)
    },
    bad("address of six bytes", .nonCanonicalNumber) {
      $0.addresses = [0x81, 0x80, 0x80, 0x80, 0x80, 0]
    },
    bad("new bytes that are missing", .corruptStream) {
      $0.data = [UInt8](repeating: 1, count: 99)
      $0.instructions = [1, 100]
      $0.addresses = []
    },
    bad("run without its byte", .corruptStream) {
      $0.instructions = [0, 100]
      $0.addresses = []
    },
    bad("new bytes too many", .corruptStream) { $0.data = [1] },
  ]

  @Test("A malformed patch has its own error in every chunking", arguments: header + windows + instructions)
  func malformedPatchIsRefused(vector: MalformedVCDIFF) throws {
    for chunking in Chunking.all {
      let outcome = try applyVCDIFF(
        vector.patch, to: VCDIFFMalformedTests.old, imageSize: vector.expectedSize, chunking: chunking)
      #expect(outcome.error == vector.error, "\(chunking)")
      #expect(outcome.output.count == vector.written, "\(chunking)")
    }
  }

  @Test("The window that all of them change is accepted, so the refusals above are earned")
  func wellFormedPatchIsAccepted() throws {
    let patch = vcdiff(VCDIFFMalformedTests.window())
    for chunking in Chunking.all {
      let outcome = try applyVCDIFF(
        patch, to: VCDIFFMalformedTests.old, imageSize: 100, chunking: chunking)
      #expect(outcome == Outcome(output: Array(VCDIFFMalformedTests.old[50..<150]), error: nil))
    }
  }

  @Test("An error stays")
  func errorStays() throws {
    var decoder = try VCDIFFDecoder(imageSize: 1, sourceSize: 0, limits: Limits())
    let outcome = try drive(&decoder, [0], old: [], chunking: .whole)
    #expect(outcome.error == .unsupportedFormat)
    #expect(throws: DeltaError.unsupportedFormat) { try decoder.finish() }
    #expect(try drive(&decoder, vcdiffHeader, old: [], chunking: .whole).error == .unsupportedFormat)
  }

  @Test("The size of an image is the sum of its windows, or the error of their headers")
  func imageSize() throws {
    let window = VCDIFFMalformedTests.window()
    #expect(try vcdiffImageSize(vcdiffHeader) == 0)
    #expect(try vcdiffImageSize(vcdiff(window, window, .adding([1]))) == 201)
    let patch = vcdiff(window)
    for count in 0..<patch.count where count != vcdiffHeader.count {
      #expect(throws: DeltaError.truncated) {
        try vcdiffImageSize(Array(patch.prefix(count)))
      }
    }
    let huge = VCDIFFMalformedTests.window { $0.targetSize = Int(UInt32.max) }
    #expect(throws: DeltaError.imageTooLarge) { try vcdiffImageSize(vcdiff(window, huge)) }
  }
}
