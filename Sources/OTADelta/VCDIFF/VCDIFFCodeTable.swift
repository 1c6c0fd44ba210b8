/// What one half of an instruction code does.
package struct VCDIFFInstruction: Equatable, Sendable {
  /// The kinds of instructions, by their numbers in a code table.
  package enum Kind: UInt8, Sendable {
    /// Nothing: the code has one half only.
    case none
    /// New bytes.
    case add
    /// One new byte, several times.
    case run
    /// Bytes of the segment, or of the window itself.
    case copy
  }

  /// What it does.
  package var kind: Kind
  /// How many bytes it makes; 0 if the number stands behind the code.
  package var size: UInt8
  /// How the address of a copy is written; 0 for everything else.
  package var mode: UInt8

  /// Describes a half.
  package init(_ kind: Kind, size: UInt8 = 0, mode: UInt8 = 0) {
    self.kind = kind
    self.size = size
    self.mode = mode
  }
}

/// An instruction code: one instruction or two.
package struct VCDIFFCode: Equatable, Sendable {
  /// What is done first; never nothing in the default table.
  package var first: VCDIFFInstruction
  /// What is done second, if anything.
  package var second: VCDIFFInstruction

  /// Joins two halves.
  package init(_ first: VCDIFFInstruction, _ second: VCDIFFInstruction = VCDIFFInstruction(.none)) {
    self.first = first
    self.second = second
  }
}

/// The default table of instruction codes, and the way back from instructions to codes.
///
/// - Note: Source: RFC 3284, section 5.6.
package enum VCDIFFCodeTable {
  /// The number of address modes with the default caches: two, one a near slot, one a same block.
  package static var modeCount: UInt8 {
    2 + UInt8(VCDIFFAddressCache.nearCount + VCDIFFAddressCache.sameCount)
  }

  /// The first of the modes whose address is a single byte.
  package static var firstSameMode: UInt8 { 2 + UInt8(VCDIFFAddressCache.nearCount) }

  /// All 256 codes, in the order of the specification.
  package static let codes: [VCDIFFCode] = {
    var codes = [VCDIFFCode(VCDIFFInstruction(.run))]
    for size: UInt8 in 0...17 { codes.append(VCDIFFCode(VCDIFFInstruction(.add, size: size))) }
    for mode in 0..<modeCount {
      for size: UInt8 in [0] + Array(4...18) {
        codes.append(VCDIFFCode(VCDIFFInstruction(.copy, size: size, mode: mode)))
      }
    }
    for mode in 0..<modeCount {
      for added: UInt8 in 1...4 {
        // A same mode has its address in one byte and is short already: only copies of four bytes are doubled.
        for copied: UInt8 in 4...(mode < firstSameMode ? 6 : 4) {
          codes.append(
            VCDIFFCode(
              VCDIFFInstruction(.add, size: added), VCDIFFInstruction(.copy, size: copied, mode: mode)))
        }
      }
    }
    for mode in 0..<modeCount {
      codes.append(
        VCDIFFCode(VCDIFFInstruction(.copy, size: 4, mode: mode), VCDIFFInstruction(.add, size: 1)))
    }
    return codes
  }()

  /// The code of one instruction.
  ///
  /// - Parameters:
  ///   - kind: not nothing.
  ///   - size: how many bytes it makes.
  ///   - mode: how the address of a copy is written.
  /// - Returns: the code, and whether the size must follow it.
  package static func code(
    of kind: VCDIFFInstruction.Kind, size: Int, mode: UInt8 = 0
  ) -> (code: UInt8, sizeFollows: Bool) {
    switch kind {
    case .none: preconditionFailure("nothing has no code")
    case .run: return (0, true)
    case .add: return size <= 17 ? (UInt8(1 + size), false) : (1, true)
    case .copy:
      let base = 19 + 16 * Int(mode)
      return (4...18).contains(size) ? (UInt8(base + size - 3), false) : (UInt8(base), true)
    }
  }

  /// The code of new bytes and a copy behind them, if there is one.
  package static func code(adding added: Int, copying copied: Int, mode: UInt8) -> UInt8? {
    guard (1...4).contains(added), copied >= 4 else { return nil }
    if mode < firstSameMode {
      return copied <= 6 ? UInt8(163 + 12 * Int(mode) + 3 * (added - 1) + copied - 4) : nil
    }
    return copied == 4 ? UInt8(235 + 4 * Int(mode - firstSameMode) + added - 1) : nil
  }

  /// The code of a copy and new bytes behind it, if there is one.
  package static func code(copying copied: Int, mode: UInt8, adding added: Int) -> UInt8? {
    copied == 4 && added == 1 ? 247 + mode : nil
  }
}
