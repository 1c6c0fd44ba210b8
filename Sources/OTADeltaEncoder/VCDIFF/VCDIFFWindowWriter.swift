import CZlib
import OTADeltaVCDIFF

/// An instruction before it has a code.
enum VCDIFFStep: Equatable {
  /// So many new bytes.
  case add(count: Int)
  /// The byte at this place of the new image, so many times.
  case run(count: Int)
  /// Bytes of the old image from this place on.
  case copyOld(position: Int, count: Int)
  /// Bytes of the same window from this place of the new image on.
  case copyNew(position: Int, count: Int)

  /// How many bytes it makes.
  var count: Int {
    switch self {
    case .add(let count), .run(let count), .copyOld(_, let count), .copyNew(_, let count): count
    }
  }
}

/// Writes a window: chooses segment, address modes and codes.
struct VCDIFFWindowWriter: ~Copyable {
  private let steps: [VCDIFFStep]
  private let window: Range<Int>
  private let new: [UInt8]
  /// What of the old image copies use.
  private var segment: Range<Int>?
  private var data: [UInt8] = []
  private var instructions: [UInt8] = []
  private var addresses: [UInt8] = []
  private var cache = VCDIFFAddressCache()

  /// Takes the instructions of a window.
  ///
  /// - Parameters:
  ///   - steps: together the window; no two neighbours of them only new bytes.
  ///   - window: its place in the new image.
  ///   - new: the new image.
  init(_ steps: [VCDIFFStep], window: Range<Int>, new: [UInt8]) {
    self.steps = steps
    self.window = window
    self.new = new
    for case .copyOld(let position, let count) in steps {
      let first = min(position, segment?.lowerBound ?? position)
      segment = first..<max(position + count, segment?.upperBound ?? 0)
    }
  }

  /// Appends the window to a patch.
  mutating func append(hasChecksum: Bool, to patch: inout [UInt8]) {
    writeSections()
    var header: [UInt8] = []
    VCDIFFInteger.append(window.count, to: &header)
    // No section is compressed once more.
    header.append(0)
    for section in [data, instructions, addresses] { VCDIFFInteger.append(section.count, to: &header) }
    if hasChecksum {
      let checksum = unsafe new.span.extracting(window).withUnsafeBufferPointer { bytes in
        UInt32(truncatingIfNeeded: unsafe adler32_z(1, bytes.baseAddress, bytes.count))
      }
      for shift: UInt32 in [24, 16, 8, 0] { header.append(UInt8(truncatingIfNeeded: checksum >> shift)) }
    }
    patch.append(
      (segment == nil ? 0 : VCDIFFFormat.Window.source) | (hasChecksum ? VCDIFFFormat.Window.checksum : 0))
    if let segment {
      VCDIFFInteger.append(segment.count, to: &patch)
      VCDIFFInteger.append(segment.lowerBound, to: &patch)
    }
    VCDIFFInteger.append(header.count + data.count + instructions.count + addresses.count, to: &patch)
    patch += header + data + instructions + addresses
  }

  private mutating func writeSections() {
    var position = window.lowerBound
    // The instruction before, if its code can still be joined with the next one: it has not been written yet.
    var pending: (kind: VCDIFFInstruction.Kind, size: Int, mode: UInt8)?
    for step in steps {
      var current = (kind: VCDIFFInstruction.Kind.add, size: step.count, mode: UInt8(0))
      switch step {
      case .add(let count):
        data += new[position..<position + count]
      case .run:
        current.kind = .run
        data.append(new[position])
      case .copyOld(let place, _):
        current.kind = .copy
        current.mode = writeAddress(place - (segment?.lowerBound ?? 0), position: position)
      case .copyNew(let place, _):
        current.kind = .copy
        current.mode = writeAddress((segment?.count ?? 0) + place - window.lowerBound, position: position)
      }
      position += step.count
      if let before = pending {
        let double =
          switch (before.kind, current.kind) {
          case (.add, .copy):
            VCDIFFCodeTable.code(adding: before.size, copying: current.size, mode: current.mode)
          case (.copy, .add):
            VCDIFFCodeTable.code(copying: before.size, mode: before.mode, adding: current.size)
          default:
            UInt8?.none
          }
        if let double {
          instructions.append(double)
          pending = nil
          continue
        }
        write(before)
      }
      pending = current
    }
    if let pending { write(pending) }
  }

  private mutating func write(_ half: (kind: VCDIFFInstruction.Kind, size: Int, mode: UInt8)) {
    let (code, sizeFollows) = VCDIFFCodeTable.code(of: half.kind, size: half.size, mode: half.mode)
    instructions.append(code)
    if sizeFollows { VCDIFFInteger.append(half.size, to: &instructions) }
  }

  private mutating func writeAddress(_ address: Int, position: Int) -> UInt8 {
    let here = (segment?.count ?? 0) + position - window.lowerBound
    let (mode, value, _) = cache.shortest(address, here: here)
    if mode >= VCDIFFCodeTable.firstSameMode {
      addresses.append(UInt8(value))
    } else {
      VCDIFFInteger.append(value, to: &addresses)
    }
    cache.update(address)
    return mode
  }
}
