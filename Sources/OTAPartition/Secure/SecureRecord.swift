import OTACore
import OTACrypto

// The payload of a journal record that holds a secure storage; all integers little endian:
//
//   offset  size  content
//   0       4     "OTAS"
//   4       1     version of the form, 1
//   5       3     zero
//   8       8     record number
//   16      16    random bytes
//   32      n     the values, encrypted; up to 412 bytes
//   32+n    16    tag
//
// The nonce is the record number and the random bytes, 24 bytes as they stand. The associated data are the first 16 bytes
// and the identifier of the storage, 16 bytes as in RFC 9562. So whoever wants to pass an old record for a newer one, or
// that of one device for that of another, has to forge the tag.

/// The form of a sealed record.
enum SecureRecord {
  static var capacity: Int { 460 }
  static var headerSize: Int { 16 }
  static var numberOffset: Int { 8 }
  static var messageOffset: Int { 32 }
  static var tagSize: Int { 16 }
  static var nonceSize: Int { 24 }
  static var overhead: Int { messageOffset + tagSize }
  static var magic: UInt32 { 0x5341_544f }
  static var version: UInt8 { 1 }

  static func associatedData(
    header: Span<UInt8>, of identifier: UniversalIdentifier
  ) -> InlineArray<32, UInt8> {
    var data = InlineArray<32, UInt8>(repeating: 0)
    for index in 0..<headerSize { data[index] = header[index] }
    for index in 0..<8 {
      let shift = UInt64(8 * (7 - index))
      data[headerSize + index] = UInt8(truncatingIfNeeded: identifier.high >> shift)
      data[headerSize + 8 + index] = UInt8(truncatingIfNeeded: identifier.low >> shift)
    }
    return data
  }
}

extension SecureValues {
  /// Checks and decrypts a record, and checks what was in it; nothing is looked at that was not found genuine.
  ///
  /// - Parameters:
  ///   - record: the bytes from flash, whoever wrote them.
  ///   - identifier: of the storage that it must be from.
  ///   - cipher: with the key.
  /// - Returns: the number of the record.
  /// - Throws: ``SecureStorageError/tampered``, ``SecureStorageError/crypto(_:)``, ``SecureStorageError/record(_:)``;
  ///   there are no values then.
  mutating func unseal<Cipher: AEAD & ~Copyable>(
    _ record: Span<UInt8>, of identifier: UniversalIdentifier, using cipher: borrowing Cipher
  ) throws(SecureStorageError) -> UInt64 {
    erase()
    let count = record.count - SecureRecord.overhead
    guard count >= 0, count <= SecureValues.capacity else { throw .tampered }
    let header = record.extracting(0..<SecureRecord.headerSize)
    let data = SecureRecord.associatedData(header: header, of: identifier)
    let end = SecureRecord.messageOffset + count
    for index in 0..<count { bytes[index] = record[SecureRecord.messageOffset + index] }
    do throws(CryptoError) {
      var whole = bytes.mutableSpan
      var message = whole.prefix(count)
      try cipher.open(
        &message, tag: record.extracting(end..<end + SecureRecord.tagSize),
        nonce: record.extracting(SecureRecord.numberOffset..<SecureRecord.messageOffset),
        associatedData: data.span)
    } catch {
      erase()
      throw error == .authenticationFailed ? .tampered : .crypto(error)
    }
    byteCount = count
    do throws(ParseError) {
      let number = try SecureValues.number(in: header)
      try validate()
      return number
    } catch {
      erase()
      throw .record(error)
    }
  }

  /// Encrypts the values into a record.
  ///
  /// - Parameters:
  ///   - number: of the record.
  ///   - identifier: of the storage.
  ///   - cipher: with the key.
  ///   - random: makes the nonce one that was never there, also for a number that was.
  ///   - record: takes the bytes.
  /// - Returns: how many bytes these are.
  /// - Throws: ``SecureStorageError/crypto(_:)``.
  borrowing func seal<Cipher: AEAD & ~Copyable, Random: RandomSource & ~Copyable>(
    as number: UInt64, of identifier: UniversalIdentifier, using cipher: borrowing Cipher,
    random: inout Random,
    into record: inout InlineArray<460, UInt8>
  ) throws(SecureStorageError) -> Int {
    var nonce = InlineArray<24, UInt8>(repeating: 0)
    var message = InlineArray<412, UInt8>(repeating: 0)
    var tag = InlineArray<16, UInt8>(repeating: 0)
    for index in 0..<byteCount { message[index] = bytes[index] }
    do throws(CryptoError) {
      // All of the nonce is drawn; the number then takes the place of the first eight bytes.
      var nonceSpan = nonce.mutableSpan
      try random.fill(&nonceSpan)
      for index in 0..<8 { nonce[index] = UInt8(truncatingIfNeeded: number >> UInt64(8 * index)) }
      for index in 0..<4 {
        record[index] = UInt8(truncatingIfNeeded: SecureRecord.magic >> UInt32(8 * index))
      }
      record[4] = SecureRecord.version
      for index in 5..<SecureRecord.numberOffset { record[index] = 0 }
      for index in 0..<SecureRecord.nonceSize { record[SecureRecord.numberOffset + index] = nonce[index] }
      let data = SecureRecord.associatedData(
        header: record.span.extracting(0..<SecureRecord.headerSize), of: identifier)
      var whole = message.mutableSpan
      var clear = whole.prefix(byteCount)
      var tagSpan = tag.mutableSpan
      try cipher.seal(&clear, tag: &tagSpan, nonce: nonce.span, associatedData: data.span)
    } catch {
      var whole = message.mutableSpan
      zeroise(&whole)
      throw .crypto(error)
    }
    let end = SecureRecord.messageOffset + byteCount
    for index in 0..<byteCount { record[SecureRecord.messageOffset + index] = message[index] }
    for index in 0..<SecureRecord.tagSize { record[end + index] = tag[index] }
    return end + SecureRecord.tagSize
  }

  private static func number(in header: Span<UInt8>) throws(ParseError) -> UInt64 {
    var cursor = ByteCursor(header)
    let magic = try cursor.readLittleEndian(UInt32.self)
    guard magic == SecureRecord.magic else { throw ParseError(.invalidValue, at: 0) }
    let version = try cursor.readByte()
    guard version == SecureRecord.version else { throw ParseError(.unsupported, at: 4) }
    for offset in 5..<SecureRecord.numberOffset {
      let zero = try cursor.readByte()
      guard zero == 0 else { throw ParseError(.invalidValue, at: offset) }
    }
    return try cursor.readLittleEndian()
  }
}
