import OTADelta
import OTADeltaVCDIFF
import Testing

@Suite("VCDIFF: instructions")
struct VCDIFFInstructionTests {
  @Test("The table has every code of RFC 3284, section 5.6, in its place", arguments: VCDIFFTableRow.all)
  func defaultTable(row: VCDIFFTableRow) {
    #expect(VCDIFFCodeTable.codes.count == 256)
    #expect(row.codes.count == row.indexes.count)
    #expect(Array(VCDIFFCodeTable.codes[row.indexes]) == row.codes)
  }

  @Test("The way back from an instruction to its code is the one of the table")
  func codesOfInstructions() {
    for (index, code) in VCDIFFCodeTable.codes.enumerated() {
      let (first, second) = (code.first, code.second)
      switch second.kind {
      case .none:
        let found = VCDIFFCodeTable.code(
          of: first.kind, size: first.size == 0 ? 1000 : Int(first.size), mode: first.mode)
        #expect(found == (UInt8(index), first.size == 0))
      case .copy:
        let found = VCDIFFCodeTable.code(
          adding: Int(first.size), copying: Int(second.size), mode: second.mode)
        #expect(found == UInt8(index))
      case .add, .run:
        let found = VCDIFFCodeTable.code(
          copying: Int(first.size), mode: first.mode, adding: Int(second.size))
        #expect(found == UInt8(index))
      }
    }
    #expect(VCDIFFCodeTable.code(adding: 5, copying: 4, mode: 0) == nil)
    #expect(VCDIFFCodeTable.code(adding: 1, copying: 7, mode: 0) == nil)
    #expect(VCDIFFCodeTable.code(adding: 1, copying: 5, mode: 6) == nil)
    #expect(VCDIFFCodeTable.code(copying: 4, mode: 0, adding: 2) == nil)
  }

  /// RFC 3284, section 3: two strings and the instructions between them.
  @Test("The example of RFC 3284, section 3, in every chunking", arguments: Chunking.all)
  func example(chunking: Chunking) throws {
    let old = Array("abcdefghijklmnop".utf8)
    let new = Array("abcdwxyzefghefghefghefghzzzz".utf8)
    let patch = vcdiff(
      VCDIFFWindow(
        indicator: 1, segment: (size: 16, position: 0), targetSize: 28, data: Array("wxyzz".utf8),
        // COPY 4, 0; ADD 4; COPY 4, 4; COPY 12, 24; RUN 4.
        instructions: [20, 5, 20, 28, 0, 4], addresses: [0, 4, 24]))
    let outcome = try applyVCDIFF(patch, to: old, imageSize: 28, chunking: chunking)
    #expect(outcome == Outcome(output: new, error: nil))
    #expect(try vcdiffImageSize(patch) == 28)
  }

  /// The segment of the model: from the old image, from the new one, or none.
  enum Segment: UInt8, CaseIterable { case none, source, target }

  @Test("Every code does what the model does, with every kind of segment", arguments: Segment.allCases)
  func everyCode(segment: Segment) throws {
    var generator = SeededGenerator(for: "everyCode")
    var seen: Set<Int> = []
    let rows = VCDIFFTableRow.all.flatMap { row in zip(row.indexes, row.codes) }
    for _ in 0..<20 {
      let old = generator.bytes(3000)
      let first = generator.bytes(2000)
      var model =
        switch segment {
        case .none: VCDIFFModel(segment: [], position: 0, indicator: 0)
        case .source: VCDIFFModel(segment: Array(old[500..<2500]), position: 500, indicator: 1)
        case .target: VCDIFFModel(segment: Array(first[100..<1900]), position: 100, indicator: 2)
        }
      // Something to copy from, and once more all codes in an order of their own.
      for index in [8] + Array(0..<256).shuffled(using: &generator) {
        let row = rows[index]
        if model.append(row.0, row.1, using: &generator) { seen.insert(index) }
      }
      let patch = vcdiff(.adding(first), model.window)
      for chunking in [Chunking.whole, .every(1)] {
        let outcome = try applyVCDIFF(
          patch, to: old, imageSize: first.count + model.made.count, chunking: chunking)
        #expect(outcome == Outcome(output: first + model.made, error: nil))
      }
    }
    // Same modes say only addresses that were used, so without a segment some may not come up; in 20 rounds all do.
    #expect(seen.count == 256)
  }

  @Test("Every window starts with empty caches")
  func cachesAreReset() throws {
    let old = Array(0..<UInt8(100))
    // COPY 4 at 50 by itself, then by the first near slot: 50 again.
    var window = VCDIFFWindow(
      indicator: 1, segment: (size: 100, position: 0), targetSize: 8, instructions: [20, 52],
      addresses: [50, 0])
    let once = try applyVCDIFF(vcdiff(window), to: old, imageSize: 8)
    #expect(once == Outcome(output: [50, 51, 52, 53, 50, 51, 52, 53], error: nil))
    // In a window of its own the slot is 0.
    window.instructions = [52, 20]
    window.addresses = [0, 50]
    let again = try applyVCDIFF(vcdiff(window, window), to: old, imageSize: 16)
    #expect(again.output == [0, 1, 2, 3, 50, 51, 52, 53, 0, 1, 2, 3, 50, 51, 52, 53])
  }

  @Test(
    "A same address is found by its remainder, one byte and block", arguments: [(6, 10), (7, 266), (8, 522)])
  func sameCache(mode: Int, address: Int) throws {
    let old = (0..<1000).map { UInt8(truncatingIfNeeded: $0 * 7) }
    let window = VCDIFFWindow(
      indicator: 1, segment: (size: 1000, position: 0), targetSize: 10,
      instructions: [20, UInt8(19 + 16 * mode), 6], addresses: VCDIFFWindow.integer(address) + [10])
    let outcome = try applyVCDIFF(vcdiff(window), to: old, imageSize: 10)
    #expect(outcome.output == Array(old[address..<address + 4] + old[address..<address + 6]))
  }
}
