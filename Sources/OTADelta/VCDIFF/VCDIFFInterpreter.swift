import OTADelta

/// Carries out the instructions of a window.
enum VCDIFFInterpreter {
  /// Makes the bytes of a window.
  ///
  /// - Parameters:
  ///   - window: its header, held against the images.
  ///   - start: where the window begins in `output`; before it is the new image from its first byte on, if the segment
  ///     is there.
  ///   - output: has room for the window.
  ///   - sections: the sections from its first byte on, not packed.
  ///   - sizes: their sizes.
  ///   - cache: reads the old image.
  ///   - media: the old image.
  /// - Throws: ``PatchError/source(_:)``, or ``PatchError/delta(_:)`` with ``DeltaError/corruptStream`` if a section ends
  ///   early or is not used up, ``DeltaError/nonCanonicalNumber``, ``DeltaError/noProgress`` for an instruction without
  ///   a byte, ``DeltaError/outputOverflow`` for one that leaves the window, ``DeltaError/sourceOutOfRange`` for a copy
  ///   that leaves the segment or comes from bytes that are not made yet.
  static func run<Media: PatchMedia & ~Copyable>(
    _ window: VCDIFFWindowHeader, start: Int, output: inout VCDIFFBuffer,
    sections: borrowing VCDIFFBuffer, sizes: VCDIFFSectionSizes,
    cache: inout VCDIFFSourceCache, media: inout Media
  ) throws(PatchError<Media.SourceFailure, Media.SinkFailure>) {
    var data = VCDIFFSection(sections.span(0..<sizes.data))
    var instructions = VCDIFFSection(sections.span(sizes.data..<sizes.data + sizes.instructions))
    var addresses = VCDIFFSection(sections.span(sizes.data + sizes.instructions..<sizes.sum))
    var addressCache = VCDIFFAddressCache()
    let codes = VCDIFFCodeTable.codes
    let isFromSource = window.indicator & VCDIFFFormat.Window.source != 0
    let segmentSize = window.segmentSize
    let end = start + window.targetSize
    var position = start
    while position < end {
      let code: VCDIFFCode
      do throws(DeltaError) {
        code = codes[Int(try instructions.readByte())]
      } catch {
        throw .delta(error)
      }
      var half = code.first
      var isSecond = false
      while true {
        var size = Int(half.size)
        var address = 0
        do throws(DeltaError) {
          if size == 0 { size = try instructions.readInteger() }
          guard size > 0 else { throw .noProgress }
          guard size <= end - position else { throw .outputOverflow }
          switch half.kind {
          case .add:
            output.write(try data.readBytes(size), at: position)
          case .run:
            output.write(repeating: try data.readByte(), position..<position + size)
          case .copy:
            address = try addressCache.read(
              mode: half.mode, here: segmentSize + position - start, from: &addresses)
            if address >= segmentSize {
              output.copy(from: start + address - segmentSize, to: position, count: size)
            } else {
              guard size <= segmentSize - address else { throw .sourceOutOfRange }
              if !isFromSource {
                output.copy(from: window.segmentPosition + address, to: position, count: size)
              }
            }
          case .none:
            preconditionFailure("no code of the table begins with nothing")
          }
        } catch {
          throw .delta(error)
        }
        if half.kind == .copy, isFromSource, address < segmentSize {
          do throws(Media.SourceFailure) {
            try cache.read(
              window.segmentPosition + address, to: position..<position + size, of: &output, media: &media)
          } catch {
            throw .source(error)
          }
        }
        position += size
        guard !isSecond, code.second.kind != .none else { break }
        half = code.second
        isSecond = true
      }
    }
    guard data.remaining == 0, instructions.remaining == 0, addresses.remaining == 0 else {
      throw .delta(.corruptStream)
    }
  }
}
