import OTACore
import OTADeltaEncoder
import Testing

@testable import OTADelta

@Suite("Decoder of patches that are applied in place")
struct InPlaceDecoderTests {
  static let old = NativeSample.old
  static let new = NativeSample.new

  /// Segments of an image that is far away from the old one: nothing is overwritten, but reads are noted.
  private struct Bench: InPlaceMedia {
    enum Failure: UInt8, Error { case outside, failed }
    var patch: [UInt8]
    let old: [UInt8]
    var made: [UInt8] = []
    var lowestRead = UInt32.max
    var readsLeft = Int.max
    var readCount = 0
    var writesLeft = Int.max

    mutating func readPatch(into destination: inout MutableSpan<UInt8>, at offset: UInt32) throws(Failure) {
      guard Int(offset) + destination.count <= patch.count else { throw .outside }
      guard readsLeft > 0 else { throw .failed }
      readsLeft -= 1
      readCount += 1
      for index in 0..<destination.count { destination[index] = patch[Int(offset) + index] }
    }

    mutating func readSource(into destination: inout MutableSpan<UInt8>, at offset: UInt32) throws(Failure) {
      guard readsLeft > 0 else { throw .failed }
      readsLeft -= 1
      readCount += 1
      lowestRead = min(lowestRead, offset)
      for index in 0..<destination.count { destination[index] = old[Int(offset) + index] }
    }

    mutating func writeImage(_ bytes: Span<UInt8>) throws(Failure) {
      guard writesLeft > 0 else { throw .failed }
      writesLeft -= 1
      for index in 0..<bytes.count { made.append(bytes[index]) }
    }
  }

  private func patch(spare: Int = 2) throws -> [UInt8] {
    let slot = try InPlaceRoundTripTests.slot(InPlaceDecoderTests.old, InPlaceDecoderTests.new, spare: spare)
    return try InPlaceEncoder.makePatch(
      old: InPlaceDecoderTests.old, new: InPlaceDecoderTests.new, slot: slot,
      options: NativeEncoder.Options(memory: 12000))
  }

  private func decoder(_ patch: [UInt8]) throws -> InPlaceDecoder {
    let header = try #require(try InPlaceHeader.parse(patch.span))
    return InPlaceDecoder(
      header: header, memory: DecoderMemory(allocating: Int(header.memoryRequirement)))
  }

  @Test("Segments are made in any order, and again, and read nothing below their floor")
  func anyOrder() throws {
    let patch = try patch()
    var decoder = try decoder(patch)
    let header = decoder.header
    #expect(header.segmentCount > 2)
    for index in (0..<header.segmentCount).reversed() + [1, 1] {
      var bench = Bench(patch: patch, old: InPlaceDecoderTests.old)
      try decoder.decode(segment: index, media: &bench)
      let range = header.range(ofSegment: index)
      #expect(bench.made == Array(InPlaceDecoderTests.new[Int(range.lowerBound)..<Int(range.upperBound)]))
      #expect(bench.lowestRead >= header.floor(ofSegment: index))
    }
    #expect(header.floor(ofSegment: header.segmentCount - 1) > 0)
  }

  private func failure(
    of decoder: inout InPlaceDecoder, _ bench: inout Bench
  ) -> PatchError<Bench.Failure, Bench.Failure>? {
    do throws(PatchError<Bench.Failure, Bench.Failure>) {
      try decoder.decode(segment: 1, media: &bench)
      return nil
    } catch {
      return error
    }
  }

  @Test("A medium that fails is reported, and the segment can be made again")
  func failures() throws {
    let patch = try patch()
    var decoder = try decoder(patch)
    for failingRead in [0, 1, 2, 5, 9] {
      var bench = Bench(patch: patch, old: InPlaceDecoderTests.old)
      bench.readsLeft = failingRead
      #expect(failure(of: &decoder, &bench) == .source(.failed))
    }
    var bench = Bench(patch: patch, old: InPlaceDecoderTests.old)
    bench.writesLeft = 1
    #expect(failure(of: &decoder, &bench) == .sink(.failed))
    bench = Bench(patch: patch, old: InPlaceDecoderTests.old)
    try decoder.decode(segment: 1, media: &bench)
    let range = decoder.header.range(ofSegment: 1)
    #expect(bench.made == Array(InPlaceDecoderTests.new[Int(range.lowerBound)..<Int(range.upperBound)]))
  }

  @Test("Too little memory is refused before anything is read")
  func memory() throws {
    let patch = try patch()
    let header = try #require(try InPlaceHeader.parse(patch.span))
    let needed = Int(header.memoryRequirement)
    for (size, error) in [(needed, nil), (needed - 4, DeltaError.memoryExceeded), (0, .memoryExceeded)] {
      var decoder = InPlaceDecoder(header: header, memory: DecoderMemory(allocating: size))
      var bench = Bench(patch: patch, old: InPlaceDecoderTests.old)
      #expect(failure(of: &decoder, &bench) == error.map { .delta($0) })
      #expect((bench.readCount == 0) == (error != nil))
    }
  }

  @Test("The streaming decoder refuses it before the first write")
  func streaming() throws {
    let outcome = try applyNative(
      try patch(), to: InPlaceDecoderTests.old, imageSize: InPlaceDecoderTests.new.count)
    #expect(outcome == Outcome(output: [], error: .unsupportedCompression))
  }

  @Test("Headers: every rule has its error")
  func headers() throws {
    let patch = try patch()
    let front = try #require(try NativeHeader.parse(patch.span)).count
    func error(_ bytes: [UInt8]) -> DeltaError? {
      do throws(DeltaError) {
        let header = try InPlaceHeader.parse(bytes.span)
        return header == nil ? .truncated : nil
      } catch {
        return error
      }
    }
    #expect(error(patch) == nil)
    let listOffset = Int(try #require(try InPlaceHeader.parse(patch.span)).listOffset)
    for count in 0..<listOffset { #expect(error(Array(patch[..<count])) == .truncated) }
    #expect(error(Array(patch[..<listOffset])) == nil)
    let numbers = Array(patch[listOffset...])
    // Shift, size of segments, size of tables.
    func changed(_ numbers: [UInt8]) -> [UInt8] { Array(patch[..<front]) + numbers }
    #expect(error(changed([4, 4, 0] + numbers)) == nil)
    #expect(error(changed([4, 5, 0] + numbers)) == .corruptStream)
    #expect(error(changed([4, 0, 0] + numbers)) == .corruptStream)
    #expect(error(changed([4, 4, 0xff, 0x7f] + numbers)) == .corruptStream)
    #expect(error(changed([0x84, 0, 4, 0])) == .nonCanonicalNumber)
    var streamed = patch
    streamed[5] = NativeHeader.Coder.adaptive.rawValue
    #expect(error(streamed) == .unsupportedCompression)
    var resident = patch
    resident[8] = 10
    #expect(error(resident) == .corruptStream)
  }

  @Test("Bytes behind the end of a stream are refused, however many", arguments: [5, 100, 255, 300, 2000])
  func trailing(count: Int) throws {
    let patch = try patch()
    let header = try #require(try InPlaceHeader.parse(patch.span))
    let front = try #require(try NativeHeader.parse(patch.span)).count
    // Up to four bytes take the place of zeros that the encoder has left out.
    // The numbers behind the header: shift, size of segments, size of tables; then the sizes of the segments.
    var numbers: [UInt32] = []
    var position = front
    for _ in 0..<3 + header.segmentCount {
      numbers.append(try #require(try NativeHeader.number(patch.span, &position)))
    }
    let tables = Array(patch[position..<position + Int(header.tablesSize)])
    let segments = Array(patch[(position + Int(header.tablesSize))...])
    let last = numbers.count - 1
    for (lengthened, index) in [(2, UInt32(0)), (last, header.segmentCount - 1)] {
      var changed = numbers
      changed[lengthened] += UInt32(count)
      let junk = [UInt8](repeating: 0x5a, count: count)
      var body: [UInt8] = []
      for number in changed { NativeHeader.append(number, to: &body) }
      body += lengthened == 2 ? tables + junk + segments : tables + segments + junk
      var native = header.native
      native.bodySize = UInt32(body.count)
      let bytes = native.serialized + body
      var decoder = try decoder(bytes)
      var bench = Bench(patch: bytes, old: InPlaceDecoderTests.old)
      var found: DeltaError?
      do throws(PatchError<Bench.Failure, Bench.Failure>) {
        try decoder.decode(segment: index, media: &bench)
      } catch {
        if case .delta(let error) = error { found = error }
      }
      #expect(found == .trailingData)
    }
  }

  @Test("Damage is an error or the right image")
  func damage() throws {
    var generator = SeededGenerator(for: "InPlaceDecoderTests.damage")
    let slot = try InPlaceRoundTripTests.slot(InPlaceDecoderTests.old, InPlaceDecoderTests.new, spare: 2)
    let patch = try patch()
    var errors: Set<DeltaError> = []
    for round in 0..<600 {
      var damaged = patch
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        let place = Int.random(in: 0..<damaged.count, using: &generator)
        switch Int.random(in: 0..<3, using: &generator) {
        case 0: damaged[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        case 1: damaged.remove(at: place)
        default: damaged.insert(UInt8.random(in: 0...255, using: &generator), at: place)
        }
      }
      do throws(DeltaError) {
        let made = try InPlaceRehearsal.apply(
          damaged, old: InPlaceDecoderTests.old, slotSize: slot.size, memoryLimit: 1 << 20)
        #expect(made.new == InPlaceDecoderTests.new, "round \(round)")
      } catch {
        errors.insert(error)
      }
    }
    #expect(errors.count > 3)
    for count in stride(from: 0, to: patch.count, by: 7) {
      #expect(throws: DeltaError.truncated) {
        try InPlaceRehearsal.apply(Array(patch[..<count]), old: InPlaceDecoderTests.old, slotSize: slot.size)
      }
    }
  }

  @Test("The wrong image, and a slot that is too small, are refused")
  func wrongPlace() throws {
    let patch = try patch()
    let slot = try InPlaceRoundTripTests.slot(InPlaceDecoderTests.old, InPlaceDecoderTests.new, spare: 2)
    var wrong = InPlaceDecoderTests.old
    wrong[3] ^= 1
    #expect(throws: DeltaError.sourceMismatch) {
      try InPlaceRehearsal.apply(patch, old: wrong, slotSize: slot.size)
    }
    #expect(throws: DeltaError.imageTooLarge) {
      try InPlaceRehearsal.apply(
        patch, old: InPlaceDecoderTests.old, slotSize: UInt32(InPlaceDecoderTests.old.count))
    }
    #expect(throws: DeltaError.memoryExceeded) {
      try InPlaceRehearsal.apply(patch, old: InPlaceDecoderTests.old, slotSize: slot.size, memoryLimit: 99)
    }
  }
}
