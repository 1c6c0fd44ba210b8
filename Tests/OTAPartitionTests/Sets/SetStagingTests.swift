import OTACore
import OTACryptoSodium
import OTAFlashSimulator
import OTAPartition
import Testing

@Suite("Staging several images")
struct SetStagingTests {
  @Test(
    "Any division of the bytes gives the same slots, and the set boots",
    arguments: try TestBoard.sets(of: [2, 3, 4]))
  func chunks(_ board: TestBoard) throws {
    let set = board.newSet
    let payload = set.payload
    for chunk in [1, 7, 130, 402, 10_000] {
      var storage = try DeviceStorage(opening: try board.provisioned(board.oldSet), layout: board.layout)
      var writer = try storage.beginStaging(set.verifiedManifest(), offer: set.offer)
      for start in stride(from: 0, to: payload.count, by: chunk) {
        #expect(Int(writer.offset) == start && Int(writer.remaining) == payload.count - start)
        let end = min(start + chunk, payload.count)
        try storage.write(payload.span.extracting(start..<end), with: &writer)
      }
      let staged = try storage.finish(writer)
      let places = (0..<board.layout.imageCount).map { storage.range(of: .b, image: $0) }
      try storage.activate(try storage.verify(staged, using: SodiumSHA256.self), attempts: 3)
      let flash = storage.closed()
      for (bytes, place) in zip(set.images, places) {
        let end = place.lowerBound + UInt32(bytes.count)
        #expect(flash.contents(of: place.lowerBound..<end) == bytes, "\(board.name), by \(chunk)")
      }
      #expect(board.runs(board.oldSet, of: .a, on: flash), "\(board.name), by \(chunk)")
      #expect(bootProblem(on: SharedFlash(flash), board: board, images: [set]) == nil, "by \(chunk)")
    }
  }

  @Test(
    "Staging resumes wherever it broke off, also at and across the borders of images",
    arguments: try TestBoard.sets(of: [2, 4]))
  func resume(_ board: TestBoard) throws {
    let set = board.newSet
    let payload = set.payload
    let start = try board.provisioned(board.oldSet)
    // Around the border of each block and of each image, and in between.
    let breaks = Set(
      [0, 1, 402, 532, 609].flatMap { [$0 - 1, $0, $0 + 1] } + Array(stride(from: 3, to: 609, by: 61)))
    for end in breaks.sorted() where (0...payload.count).contains(end) {
      var first = try DeviceStorage(opening: start, layout: board.layout)
      first.checkpointInterval = 1
      var writer = try first.beginStaging(set.verifiedManifest(), offer: set.offer)
      try first.write(payload.span.extracting(0..<end), with: &writer)

      var second = try DeviceStorage(opening: first.closed(), layout: board.layout)
      guard case .staging(set.offer, let known) = second.state.update else {
        Issue.record("\(board.name), \(end): \(second.state.update)")
        continue
      }
      var resumed = try second.beginStaging(set.verifiedManifest(), offer: set.offer)
      #expect(resumed.offset <= known && known <= end, "\(board.name), \(end)")
      #expect(resumed.offset + 512 > known, "\(board.name), \(end): a border of a block was passed over")
      let offset = Int(resumed.offset)
      try second.write(payload.span.extracting(offset..<payload.count), with: &resumed)
      let staged = try second.finish(resumed)
      try second.activate(try second.verify(staged, using: SodiumSHA256.self), attempts: 1)
      let problem = bootProblem(on: SharedFlash(second.closed()), board: board, images: [set])
      #expect(problem == nil, "\(board.name), \(end)")
    }
  }

  @Test("A checkpoint anywhere in the set is resumed at the border of a block before it")
  func anyCheckpoint() throws {
    let board = try TestBoard.set(of: 4, .swapByOffset)
    let set = board.newSet
    let start = try board.provisioned(board.oldSet)
    for known in UInt32(0)...UInt32(set.payload.count + 2) {
      var storage = try DeviceStorage(opening: start, layout: board.layout)
      try storage.record(.staging(set.offer, stagedBytes: known))
      let writer = try storage.beginStaging(set.verifiedManifest(), offer: set.offer)
      // Blocks of 256 bytes; the images have 402, 130, 0 and 77 of them.
      let expected: UInt32 =
        switch known {
        case 0..<256: 0
        case 256..<402: 256
        case 402..<532: 402
        case 532..<609: 532
        default: 609
        }
      #expect(writer.offset == expected, "\(known)")
    }
  }

  @Test("More bytes than the set has, fewer, and another number of images are refused")
  func refusals() throws {
    let board = try TestBoard.set(of: 3, .swapByMove)
    var storage = try DeviceStorage(opening: try board.provisioned(board.oldSet), layout: board.layout)
    for count in [1, 2, 4] {
      let other = TestImage.newSet(of: count)
      #expect(throws: StorageError.imageCountMismatch) {
        _ = try storage.beginStaging(other.verifiedManifest(), offer: other.offer)
      }
    }
    // Less than the place of the second image takes beside the block that is kept free.
    for (size, isRefused) in [(256, false), (257, true)] {
      let other = TestImage(size: 768 - 256, companions: [size, 1], sequenceNumber: 6, seed: 1)
      var refusal: StorageError?
      do throws(StorageError) {
        _ = try storage.beginStaging(other.verifiedManifest(), offer: other.offer)
      } catch {
        refusal = error
      }
      #expect(refusal == (isRefused ? .imageTooLarge : nil))
    }
    let set = board.newSet
    var short = set.offer
    short.imageSize -= 1
    #expect(throws: StorageError.offerMismatch) {
      _ = try storage.beginStaging(set.verifiedManifest(), offer: short)
    }

    var writer = try storage.beginStaging(set.verifiedManifest(), offer: set.offer)
    let tooMany = set.payload + [0]
    #expect(throws: StorageError.imageTooLarge) { try storage.write(tooMany.span, with: &writer) }
    try storage.write(tooMany.span.extracting(0..<402), with: &writer)
    var isIncomplete = false
    do throws(StorageError) { _ = try storage.finish(writer) } catch {
      isIncomplete = error == .imageIncomplete
    }
    #expect(isIncomplete)
    #expect(throws: StorageError.imageCountMismatch) {
      _ = try DeviceStorage.provision(board.used(), layout: board.layout, image: TestImage.old.record)
        .closed()
    }
  }

  @Test(
    "The running set is read as one run of bytes, across the borders", arguments: try TestBoard.sets(of: [4]))
  func readRunning(_ board: TestBoard) throws {
    var storage = try DeviceStorage(opening: try board.provisioned(board.oldSet), layout: board.layout)
    let payload = board.oldSet.payload
    for offset in stride(from: 0, through: payload.count, by: 13) {
      for count in [0, 1, 61, 256, 317, payload.count - offset] where count <= payload.count - offset {
        var bytes = [UInt8](repeating: 0, count: count)
        var span = bytes.mutableSpan
        try storage.readRunningImage(into: &span, at: UInt32(offset))
        #expect(bytes[...] == payload[offset..<offset + count], "\(offset), \(count)")
      }
    }
    var bytes = [UInt8](repeating: 0, count: payload.count + 1)
    #expect(throws: StorageError.flash(.outOfBounds)) {
      var span = bytes.mutableSpan
      try storage.readRunningImage(into: &span, at: 0)
    }
  }
}
