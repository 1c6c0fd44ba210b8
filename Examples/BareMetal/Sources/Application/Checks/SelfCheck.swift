import Board
import OTACore
import OTACrypto
import OTADelta
import OTAPartition

/// What the application checks of itself before it says that it is healthy.
struct SelfCheck {
  private(set) var failures: UInt32 = 0
  private let console: Console

  init(console: Console) {
    self.console = console
  }

  /// Runs all checks and writes one line each.
  ///
  /// - Returns: whether all passed.
  mutating func run() -> Bool {
    report("crc-32", checksumIsRight())
    report("device state", deviceStateComesBack())
    report("damaged state", damagedStateIsRefused())
    report("telemetry", telemetryComesBack())
    report("geometry", geometryIsRight())
    report("payload", payloadIsBounded())
    report("patch", patchIsRefused())
    report("sha-256", digestIsRight())
    report("image", imageIsReadable())
    report("partition table", PartitionCheck.tableFitsBoard())
    report("damaged partition table", PartitionCheck.damagedTableIsRefused())
    report("flash", PartitionCheck.flashKeepsItsRules())
    report("boot", StorageCheck.provisionedImageBoots())
    report("read back", StorageCheck.imageIsReadBack())
    report("records", StorageCheck.recordsSurviveRestarts())
    report("power cuts", StorageCheck.cutsLeaveOneRecord())
    report("damaged image", StorageCheck.wrongIsRefused())
    report("regulator", regulatorSettles())
    return failures == 0
  }

  private mutating func report(_ name: StaticString, _ passed: Bool) {
    console.write("check ")
    console.write(name)
    console.writeLine(passed ? ": ok" : ": FAILED")
    if !passed { failures += 1 }
  }

  private func checksumIsRight() -> Bool {
    // The check value of the polynomial, over the digits 1 to 9.
    let digits: InlineArray<9, UInt8> = [0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39]
    var checksum = CRC32()
    checksum.write(digits.span)
    return checksum.value == 0xcbf4_3926
  }

  /// FIPS 180-4 by way of NIST's example for the bytes "abc".
  private func digestIsRight() -> Bool {
    let message: InlineArray<3, UInt8> = [0x61, 0x62, 0x63]
    let expected: InlineArray<32, UInt8> = [
      0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
      0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad,
    ]
    let digest = SHA256.digest(of: message.span)
    return (try? Digest(algorithm: .sha256, bytes: expected.span)) == digest
  }

  static func exampleState() throws(ParseError) -> DeviceState {
    var bytes = InlineArray<32, UInt8>(repeating: 0)
    for index in 0..<32 { bytes[index] = UInt8(truncatingIfNeeded: index * 7 + 3) }
    let digest = try Digest(algorithm: .sha256, bytes: bytes.span)
    let record = ImageRecord(
      image: ImageDescription(digest: digest, size: 40_960), sequenceNumber: SequenceNumber(7),
      version: Application.version)
    return DeviceState(
      boot: BootState(
        selection: .trial(.b, attemptsLeft: 3), slotA: record, slotB: record,
        securityCounter: SequenceNumber(6)),
      update: .staging(
        Offer(updateID: digest, sequenceNumber: SequenceNumber(7), imageSize: 40_960), stagedBytes: 8192))
  }

  private func deviceStateComesBack() -> Bool {
    do throws(ParseError) {
      let state = try SelfCheck.exampleState()
      var buffer = InlineArray<320, UInt8>(repeating: 0)
      let count = try serialize(state, into: &buffer)
      var cursor = ByteCursor(buffer.span.extracting(0..<count))
      let back = try DeviceState(parsing: &cursor)
      try cursor.requireEnd()
      return back == state
    } catch {
      return false
    }
  }

  private func damagedStateIsRefused() -> Bool {
    do throws(ParseError) {
      let state = try SelfCheck.exampleState()
      var buffer = InlineArray<320, UInt8>(repeating: 0)
      let count = try serialize(state, into: &buffer)
      for length in 0..<count {
        var cursor = ByteCursor(buffer.span.extracting(0..<length))
        do throws(ParseError) {
          _ = try DeviceState(parsing: &cursor)
          return false
        } catch {
          guard error.kind == .truncated || error.kind == .invalidValue else { return false }
        }
      }
      return true
    } catch {
      return false
    }
  }

  private func serialize(
    _ state: DeviceState, into buffer: inout InlineArray<320, UInt8>
  ) throws(ParseError) -> Int {
    var writer = ByteWriter(buffer.mutableSpan)
    try state.serialize(into: &writer)
    return writer.count
  }

  private func telemetryComesBack() -> Bool {
    let sent = Telemetry(tick: 70_000, temperature: -1234, drive: 250)
    do throws(ParseError) {
      var buffer = InlineArray<32, UInt8>(repeating: 0)
      let count = try sent.serialize(into: &buffer)
      return try Telemetry(parsing: buffer.span.extracting(0..<count)) == sent
    } catch {
      return false
    }
  }

  private func geometryIsRight() -> Bool {
    do throws(LayoutError) {
      let regions: InlineArray<2, FlashGeometry.Region> = [
        FlashGeometry.Region(eraseBlockSize: 4096, blockCount: 8),
        FlashGeometry.Region(eraseBlockSize: 65_536, blockCount: 15),
      ]
      let geometry = try FlashGeometry(regions: regions.span, writeSize: 4)
      return geometry.eraseBlock(containing: 40_000) == 32_768..<98_304
        && geometry.isEraseBoundary(4096) && !geometry.isEraseBoundary(36_864)
        && geometry.capacity == 1_015_808
    } catch {
      return false
    }
  }

  /// Copies the image through the decoder that an update uses, and gives it one byte too many at the end.
  private func payloadIsBounded() -> Bool {
    var source = ImageMemory()
    var sink = CRC32()
    var decoder = IdentityDecoder(imageSize: 16)
    var buffer = InlineArray<17, UInt8>(repeating: 0x5a)
    do throws(PatchError<ImageMemory.Failure, Never>) {
      try decoder.push(buffer.span, source: &source, sink: &sink)
      return false
    } catch {
      buffer[0] = 0
      guard case .delta(.trailingData) = error else { return false }
      return decoder.outputCount == 16
    }
  }

  /// Pushes a patch, whose stream this board cannot inflate, and one of a format that nobody knows.
  private func patchIsRefused() -> Bool {
    pushPatch(firstByte: BSDiff43Format.magicByte(at: 0)) == .unsupportedCompression
      && pushPatch(firstByte: 0x42) == .unsupportedFormat
  }

  private func pushPatch(firstByte: UInt8) -> DeltaError? {
    var header = InlineArray<25, UInt8>(repeating: 0)
    for index in 0..<BSDiff43Format.magicSize { header[index] = BSDiff43Format.magicByte(at: index) }
    header[0] = firstByte
    header[BSDiff43Format.magicSize] = 200
    var source = ImageMemory()
    var sink = CRC32()
    do throws(DeltaError) {
      var decoder = try BSDiff43Decoder<NoDecompressor>(
        imageSize: 200, sourceSize: source.size, limits: Limits(decoderMemory: 2048))
      do throws(PatchError<ImageMemory.Failure, Never>) {
        try decoder.push(header.span, source: &source, sink: &sink)
      } catch {
        guard case .delta(let reason) = error else { return nil }
        return reason
      }
      try decoder.finish()
      return nil
    } catch {
      return error
    }
  }

  private func imageIsReadable() -> Bool {
    guard let checksum = SelfCheck.imageChecksum(), let digest = SelfCheck.imageDigest() else { return false }
    return checksum == SelfCheck.imageChecksum() && digest == SelfCheck.imageDigest()
  }

  /// The CRC-32 of the image that runs.
  static func imageChecksum() -> UInt32? {
    var image = ImageMemory()
    var checksum = CRC32()
    do throws(TeeError<ImageMemory.Failure, Never>) {
      try image.copy(size: image.size, to: &checksum)
    } catch {
      return nil
    }
    return checksum.value
  }

  /// The SHA-256 digest of the image that runs: what its manifest calls it.
  static func imageDigest() -> Digest? {
    var image = ImageMemory()
    var sink = DigestSink()
    do throws(TeeError<ImageMemory.Failure, Never>) {
      try image.copy(size: image.size, to: &sink)
    } catch {
      return nil
    }
    return sink.digest
  }

  private func regulatorSettles() -> Bool {
    var station = Station()
    for _ in 0..<4000 { station.step() }
    return abs(station.temperature - station.regulator.setpoint) < 500
  }
}
