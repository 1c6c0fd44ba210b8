/// Makes images of firmware.
///
/// Functions call each other and point at each other. Two images with the same seed differ only in code that was
/// inserted between functions, and in the addresses that moved with it.
struct Firmware: Sendable {
  /// A piece of an image: how many bytes it has, and what they are once every place is known.
  struct Piece: Sendable {
    var size: Int
    /// Given the address of the piece and where labels are.
    var bytes: @Sendable (_ address: UInt32, _ place: (Int) -> UInt32) -> [UInt8]

    init(_ size: Int, _ bytes: @escaping @Sendable (_ address: UInt32, _ place: (Int) -> UInt32) -> [UInt8]) {
      self.size = size
      self.bytes = bytes
    }

    static func fixed(_ bytes: [UInt8]) -> Piece { Piece(bytes.count) { _, _ in bytes } }
  }

  /// An instruction set or pointers, as the encoder calls it.
  var architecture: String
  /// What pointers are counted from.
  var base: UInt64
  /// Functions begin at multiples of this.
  var alignment: Int
  /// Instructions without an address.
  var filler: @Sendable (inout SeededGenerator) -> [UInt8]
  /// One way to mean a label.
  var reference: @Sendable (_ target: Int) -> [Piece]
  /// In front of the functions: places that references may mean by a negative label, one for each function.
  var literals: @Sendable (_ target: Int) -> Piece? = { _ in nil }

  /// Makes an image.
  ///
  /// - Parameters:
  ///   - seed: of everything but what is inserted.
  ///   - functionCount: how many functions there are.
  ///   - insertions: the functions behind which code is inserted.
  /// - Returns: the image.
  func image(seed: UInt64, functionCount: Int, insertions: Set<Int>) -> [UInt8] {
    var pieces: [Piece] = []
    var labels: [Int: Int] = [:]
    for index in 0..<functionCount {
      guard let literal = literals(index) else { continue }
      labels[-1 - index] = pieces.count
      pieces.append(literal)
    }
    for index in 0..<functionCount {
      var generator = SeededGenerator(seed: seed &+ UInt64(index) &* 77)
      labels[index] = pieces.count
      var size = 0
      for _ in 0..<6 {
        var body: [Piece] = (0..<8).map { _ in .fixed(filler(&generator)) }
        body += reference(Int.random(in: 0..<functionCount, using: &generator))
        pieces += body
        size += body.reduce(0) { $0 + $1.size }
      }
      if insertions.contains(index) {
        var other = SeededGenerator(seed: seed ^ UInt64(index) &* 0x1_0001)
        // Ten times the same: what is measured is the rest.
        let inserted = filler(&other)
        for _ in 0..<10 {
          pieces.append(.fixed(inserted))
          size += inserted.count
        }
      }
      while size % alignment != 0 {
        pieces.append(.fixed([0]))
        size += 1
      }
    }
    var offsets: [UInt32] = []
    var offset: UInt32 = 0
    for piece in pieces {
      offsets.append(offset)
      offset += UInt32(piece.size)
    }
    return zip(pieces, offsets).flatMap { piece, offset in
      piece.bytes(offset) { label in labels[label].map { offsets[$0] } ?? 0 }
    }
  }
}

extension FixedWidthInteger {
  /// The bytes, least significant first.
  func bytes(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: self >> Self(8 * $0)) } }
}
