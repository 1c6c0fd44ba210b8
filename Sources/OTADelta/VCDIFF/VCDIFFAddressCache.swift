import OTADelta

/// The addresses of earlier copies, from which those of later ones are written in fewer bytes.
///
/// - Note: Source: RFC 3284, section 5.1 to 5.3, with the sizes of section 5.4 (`s_near` 4, `s_same` 3).
@safe package struct VCDIFFAddressCache: ~Copyable {
  /// The slots of the near cache.
  package static var nearCount: Int { 4 }
  /// The blocks of 256 slots of the same cache.
  package static var sameCount: Int { 3 }

  /// The addresses of the last copies.
  package private(set) var near = InlineArray<4, Int>(repeating: 0)
  private var nextSlot = 0
  // Apart from the value: 6 KiB would be moved with everything that has them.
  // Safe outside: made in init, freed in deinit, never handed out; every index is a remainder of its count, or comes
  // from one of three modes and a byte.
  private let same: UnsafeMutablePointer<Int>

  /// Starts as each window does, with zeros.
  package init() {
    unsafe same = UnsafeMutablePointer<Int>.allocate(capacity: VCDIFFAddressCache.sameCount * 256)
    unsafe same.initialize(repeating: 0, count: VCDIFFAddressCache.sameCount * 256)
  }

  deinit {
    unsafe same.deallocate()
  }

  /// Takes over the address of a copy, after it was read or written.
  package mutating func update(_ address: Int) {
    near[nextSlot] = address
    nextSlot = (nextSlot + 1) & 3
    unsafe same[address % 768] = address
  }

  /// Whether an address can be written as one byte, by the same cache.
  package func hasSame(_ address: Int) -> Bool {
    unsafe same[address % 768] == address
  }

  /// Reads an address.
  ///
  /// - Parameters:
  ///   - mode: from the code table.
  ///   - here: the address of the next byte of the window.
  ///   - reader: the section of addresses.
  /// - Returns: the address, from 0 to below `here`; the cache has taken it over.
  /// - Throws: ``DeltaError/corruptStream`` if the section ends, ``DeltaError/nonCanonicalNumber``,
  ///   ``DeltaError/sourceOutOfRange`` if the address is not below `here`.
  @inline(__always)
  mutating func read(
    mode: UInt8, here: Int, from reader: inout VCDIFFSection
  ) throws(DeltaError) -> Int {
    let address: Int
    switch mode {
    case 0: address = try reader.readInteger()
    case 1: address = here - (try reader.readInteger())
    case 2...5: address = near[Int(mode) - 2] + (try reader.readInteger())
    case 6...8:
      let byte = try reader.readByte()
      address = unsafe same[(Int(mode) - 6) * 256 + Int(byte)]
    default: preconditionFailure("no code of the table has such a mode")
    }
    guard address >= 0, address < here else { throw .sourceOutOfRange }
    update(address)
    return address
  }

  /// The way to write an address in the fewest bytes; of equally short ones the first mode.
  ///
  /// - Parameters:
  ///   - address: below `here`.
  ///   - here: the address of the next byte of the window.
  /// - Returns: the mode, and the integer or, in a same mode, the byte to write.
  package func shortest(_ address: Int, here: Int) -> (mode: UInt8, value: Int, size: Int) {
    var best = (mode: UInt8(0), value: address, size: VCDIFFInteger.size(of: address))
    func consider(_ mode: UInt8, _ value: Int, _ size: Int) {
      if size < best.size { best = (mode, value, size) }
    }
    consider(1, here - address, VCDIFFInteger.size(of: here - address))
    for slot in 0..<4 where near[slot] <= address {
      consider(UInt8(2 + slot), address - near[slot], VCDIFFInteger.size(of: address - near[slot]))
    }
    let place = address % 768
    if hasSame(address) { consider(UInt8(6 + place / 256), place % 256, 1) }
    return best
  }
}
