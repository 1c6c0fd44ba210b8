/// Encodings by the manuals of the architectures.
extension Firmware {
  /// Words that point into the image.
  static func pointers(_ architecture: String, width: Int, base: UInt64, flag: UInt64 = 0) -> Firmware {
    Firmware(
      architecture: architecture, base: base, alignment: 8, filler: { $0.bytes(8).map { $0 | 0x80 } },
      reference: { target in
        [
          Piece(8) { _, place in
            (base + UInt64(place(target)) + flag).bytes(width) + (width == 4 ? [0xff, 0xff, 0xff, 0xff] : [])
          }
        ]
      })
  }

  /// Thumb: a call, a branch and a conditional one.
  static let thumb = thumb { target in
    [
      Piece(4) { address, place in thumbBranch(address, place(target), second: 0xd000) },
      Piece(4) { address, place in thumbBranch(address, place(target), second: 0x9000) },
    ]
  }
  static let thumbConditional = thumb { target in
    [
      Piece(4) { address, place in
        let value = place(target) &- address &- 4
        let first = 0xf000 | (value >> 31) << 10 | value >> 12 & 0x3f
        let second = 0x8000 | (value >> 18 & 1) << 13 | (value >> 19 & 1) << 11 | value >> 1 & 0x7ff
        return first.bytes(2) + second.bytes(2)
      }
    ]
  }
  static let thumbPointers = thumb { target in
    [Piece(4) { _, place in (0x0800_0001 + place(target)).bytes(4) }]
  }

  private static func thumb(_ reference: @escaping @Sendable (Int) -> [Piece]) -> Firmware {
    Firmware(
      architecture: "thumb", base: 0x0800_0000, alignment: 4,
      // MOVS and ADDS with an immediate.
      filler: { (0x2000 | UInt32.random(in: 0..<0x2000, using: &$0)).bytes(2) + [0x00, 0xbf] },
      reference: reference)
  }

  private static func thumbBranch(_ address: UInt32, _ target: UInt32, second: UInt32) -> [UInt8] {
    let value = target &- address &- 4
    let sign = value >> 31
    let first = 0xf000 | sign << 10 | value >> 12 & 0x3ff
    let j1 = (value >> 23 & 1) ^ sign ^ 1
    let j2 = (value >> 22 & 1) ^ sign ^ 1
    return first.bytes(2) + (second | j1 << 13 | j2 << 11 | value >> 1 & 0x7ff).bytes(2)
  }

  static let arm = Firmware(
    architecture: "arm", base: 0x8000, alignment: 4,
    // MOV Rd, #immediate.
    filler: { (0xe3a0_0000 | UInt32.random(in: 0..<0x1000, using: &$0)).bytes(4) },
    reference: { target in
      [
        Piece(4) { address, place in (0xeb00_0000 | (place(target) &- address &- 8) >> 2 & 0xff_ffff).bytes(4)
        }
      ]
    })

  static let arm64 = arm64 { target in
    [Piece(4) { address, place in (0x9400_0000 | (place(target) &- address) >> 2 & 0x3ff_ffff).bytes(4) }]
  }
  static let arm64Pages = arm64 { target in
    [
      Piece(4) { address, place in
        let pages = (place(target) >> 12) &- (address >> 12)
        return (0x9000_0000 | (pages & 3) << 29 | (pages >> 2 & 0x7ffff) << 5).bytes(4)
      }, Piece(4) { _, place in (0x9100_0000 | (place(target) & 0xfff) << 10).bytes(4) },
    ]
  }
  static let arm64Conditional = arm64 { target in
    [
      Piece(4) { address, place in
        (0x5400_0001 | ((place(target) &- address) >> 2 & 0x7ffff) << 5).bytes(4)
      }
    ]
  }
  static let arm64Addresses = arm64 { target in
    [
      Piece(4) { address, place in
        let value = place(target) &- address
        return (0x1000_0003 | (value & 3) << 29 | (value >> 2 & 0x7ffff) << 5).bytes(4)
      }
    ]
  }

  private static func arm64(_ reference: @escaping @Sendable (Int) -> [Piece]) -> Firmware {
    Firmware(
      architecture: "arm64", base: 0, alignment: 4,
      // MOVZ Xd, #immediate.
      filler: { (0xd280_0000 | UInt32.random(in: 0..<0x20_0000, using: &$0)).bytes(4) },
      reference: reference)
  }

  static let riscvJumps = riscv { target in
    [
      Piece(4) { address, place in
        let value = place(target) &- address
        var code: UInt32 = 0xef | (value >> 20 & 1) << 31 | (value >> 12 & 0xff) << 12
        code |= (value >> 11 & 1) << 20 | (value >> 1 & 0x3ff) << 21
        return code.bytes(4)
      }
    ]
  }
  /// AUIPC and an instruction of the low part, of the form I or S.
  static func riscvPairs(_ low: UInt32, isStore: Bool) -> Firmware {
    riscv { target in
      @Sendable func value(_ address: UInt32, _ place: (Int) -> UInt32) -> UInt32 { place(target) &- address }
      return [
        Piece(4) { address, place in
          ((value(address, place) &+ 0x800) & 0xffff_f000 | 0x517).bytes(4)
        },
        Piece(4) { address, place in
          let part = value(address &- 4, place) & 0xfff
          return (low | (isStore ? (part >> 5) << 25 | (part & 31) << 7 : part << 20)).bytes(4)
        },
      ]
    }
  }
  static let riscvUpper = riscv { target in
    [
      Piece(4) { _, place in ((place(target) &+ 0x800) & 0xffff_f000 | 0x537).bytes(4) },
      Piece(4) { _, place in ((place(target) & 0xfff) << 20 | 0x0005_0513).bytes(4) },
    ]
  }

  private static func riscv(_ reference: @escaping @Sendable (Int) -> [Piece]) -> Firmware {
    Firmware(
      architecture: "riscv32", base: 0, alignment: 4,
      // ADD with random registers, and C.LI so that instructions are at every even place.
      filler: {
        (0x33 | (UInt32.random(in: 0..<32, using: &$0) << 7) | UInt32.random(in: 0..<32, using: &$0) << 20)
          .bytes(4)
          + (0x4501 | UInt32.random(in: 0..<32, using: &$0) << 2).bytes(2)
      }, reference: reference)
  }

  /// An opcode in front of a distance from the next instruction.
  static func x86(_ opcode: [UInt8]) -> Firmware {
    Firmware(
      architecture: "x86-64", base: 0, alignment: 1,
      // PUSH.
      filler: { generator in (0..<5).map { _ in UInt8.random(in: 0x50...0x57, using: &generator) } },
      reference: { target in
        [
          Piece(opcode.count + 4) { address, place in
            opcode + (place(target) &- address &- UInt32(opcode.count) &- 4).bytes(4)
          }
        ]
      })
  }

  /// CALL8.
  static let xtensa = xtensa { target in
    [
      Piece(3) { address, place in
        ((place(target) &- (address & ~3) &- 4) << 4 | 0x25).bytes(3)
      }
    ]
  }
  /// L32R of words in front of the functions.
  static let xtensaLiterals: Firmware = {
    var firmware = xtensa { target in
      [
        Piece(3) { address, place in
          (((place(-1 - target) &- ((address + 3) & ~3)) >> 2 & 0xffff) << 8 | 0x21).bytes(3)
        }
      ]
    }
    firmware.literals = { target in .fixed((UInt32(target) &* 0x9e37_79b1).bytes(4)) }
    return firmware
  }()

  private static func xtensa(_ reference: @escaping @Sendable (Int) -> [Piece]) -> Firmware {
    Firmware(
      architecture: "xtensa", base: 0, alignment: 4,
      // ADD with random registers.
      filler: { generator in
        [
          0x10 | UInt8.random(in: 0..<16, using: &generator) << 4 & 0xf0,
          UInt8.random(in: 0...255, using: &generator), 0x80,
        ]
      }, reference: reference)
  }
}
