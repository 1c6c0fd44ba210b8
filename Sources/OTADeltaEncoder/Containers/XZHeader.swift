/// What the start of a .xz file says about how it was made.
///
/// - Note: Source: "The .xz File Format" 1.1.0, sections 2.1.1 and 3.1; for the properties, the first chunk of LZMA2 as
///   liblzma's `lzma2_encoder.c` writes it.
struct XZHeader {
  var check: UInt8
  var branchFilter: UInt8
  var dictionaryCode: UInt8
  var properties: UInt8

  /// Reads the headers; `nil` if they are cut off or have filters that no method has.
  init?(_ bytes: [UInt8]) {
    guard bytes.count > 24 else { return nil }
    check = bytes[7] & 0x0f
    let blockStart = 12
    let blockSize = (Int(bytes[blockStart]) + 1) * 4
    let flags = bytes[blockStart + 1]
    // Sizes in the header: `lzma_stream_buffer_encode` writes both, as numbers of seven bits a byte.
    var position = blockStart + 2
    for flag in [0x40, 0x80] as [UInt8] where flags & flag != 0 {
      while position < bytes.count, bytes[position] & 0x80 != 0 { position += 1 }
      position += 1
    }
    branchFilter = 0
    if flags & 3 == 1 {
      // A branch filter without properties.
      guard position + 1 < bytes.count, (4...9).contains(bytes[position]), bytes[position + 1] == 0 else {
        return nil
      }
      branchFilter = bytes[position]
      position += 2
    } else if flags & 3 != 0 {
      return nil
    }
    guard position + 2 < bytes.count, bytes[position] == 0x21, bytes[position + 1] == 1 else { return nil }
    dictionaryCode = bytes[position + 2]
    // The first chunk: from 0xe0 on it resets everything and has its properties in the sixth byte.
    let chunk = blockStart + blockSize
    guard chunk + 5 < bytes.count else { return nil }
    properties = bytes[chunk] >= 0xc0 ? bytes[chunk + 5] : 93
  }
}
