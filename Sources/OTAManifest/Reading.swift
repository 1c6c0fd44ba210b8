import OTACore

// The reads of `CBORReader` with the error of this module; and strings as ranges of the document, because parts that
// are looked at later must not be copied.

func readTag(_ reader: inout CBORReader) throws(ManifestError) -> UInt64 {
  do throws(ParseError) { return try reader.readTag() } catch { throw .malformed(error) }
}

func readArrayHeader(_ reader: inout CBORReader) throws(ManifestError) -> Int {
  do throws(ParseError) { return try reader.readArrayHeader() } catch { throw .malformed(error) }
}

func readMapHeader(_ reader: inout CBORReader) throws(ManifestError) -> Int {
  do throws(ParseError) { return try reader.readMapHeader() } catch { throw .malformed(error) }
}

func readKey(_ reader: inout CBORReader, after previous: inout Int64?) throws(ManifestError) -> Int64 {
  do throws(ParseError) { return try reader.readKey(after: &previous) } catch { throw .malformed(error) }
}

func readInteger(_ reader: inout CBORReader) throws(ManifestError) -> Int64 {
  do throws(ParseError) { return try reader.readInteger() } catch { throw .malformed(error) }
}

func readUnsigned(_ reader: inout CBORReader) throws(ManifestError) -> UInt64 {
  do throws(ParseError) { return try reader.readUnsigned() } catch { throw .malformed(error) }
}

func readUInt32(_ reader: inout CBORReader) throws(ManifestError) -> UInt32 {
  let offset = reader.offset
  guard let value = UInt32(exactly: try readUnsigned(&reader)) else {
    throw .malformed(ParseError(.invalidValue, at: offset))
  }
  return value
}

func readNull(_ reader: inout CBORReader) throws(ManifestError) {
  do throws(ParseError) { try reader.readNull() } catch { throw .malformed(error) }
}

func readBool(_ reader: inout CBORReader) throws(ManifestError) -> Bool {
  do throws(ParseError) { return try reader.readBool() } catch { throw .malformed(error) }
}

func requireEnd(_ reader: borrowing CBORReader) throws(ManifestError) {
  do throws(ParseError) { try reader.requireEnd() } catch { throw .malformed(error) }
}

/// Consumes a byte string and returns where its bytes are in the document.
func readByteStringRange(_ reader: inout CBORReader) throws(ManifestError) -> Range<Int> {
  do throws(ParseError) {
    let count = try reader.readByteString().count
    return reader.offset - count..<reader.offset
  } catch {
    throw .malformed(error)
  }
}

/// Consumes a byte string and copies it, if it is not over `limit`.
func readBytes(_ reader: inout CBORReader, limit: Int) throws(ManifestError) -> [UInt8] {
  let offset = reader.offset
  do throws(ParseError) {
    return try copy(try reader.readByteString(), limit: limit, at: offset)
  } catch {
    throw .malformed(error)
  }
}

/// Consumes a text string and copies it, if it is not over `limit`.
func readText(_ reader: inout CBORReader, limit: Int) throws(ManifestError) -> [UInt8] {
  let offset = reader.offset
  do throws(ParseError) {
    return try copy(try reader.readTextString(), limit: limit, at: offset)
  } catch {
    throw .malformed(error)
  }
}

private func copy(_ span: Span<UInt8>, limit: Int, at offset: Int) throws(ParseError) -> [UInt8] {
  guard span.count <= limit else { throw ParseError(.limitExceeded, at: offset) }
  var bytes: [UInt8] = []
  bytes.reserveCapacity(span.count)
  for index in 0..<span.count { bytes.append(span[index]) }
  return bytes
}

/// Consumes an identifier: a byte string of 16 bytes.
func readIdentifier(_ reader: inout CBORReader) throws(ManifestError) -> UniversalIdentifier {
  let offset = reader.offset
  do throws(ParseError) {
    let bytes = try reader.readByteString()
    guard bytes.count == 16 else { throw ParseError(.invalidValue, at: offset) }
    return try UniversalIdentifier(bytes: bytes)
  } catch {
    throw .malformed(error)
  }
}
