import OTACore

/// Runs `body` on a cursor over `bytes`; the result is what it returns or throws.
func reading<Value>(
  _ bytes: [UInt8], origin: Int = 0, _ body: (inout ByteCursor) throws(ParseError) -> Value
) -> Result<Value, ParseError> {
  var cursor = ByteCursor(bytes.span, origin: origin)
  do throws(ParseError) {
    return .success(try body(&cursor))
  } catch {
    return .failure(error)
  }
}

/// Runs `body` on a CBOR reader over `bytes`; the result is what it returns or throws.
func readingCBOR<Value>(
  _ bytes: [UInt8], limits: Limits = Limits(), origin: Int = 0,
  _ body: (inout CBORReader) throws(ParseError) -> Value
) -> Result<Value, ParseError> {
  var reader = CBORReader(bytes.span, limits: limits, origin: origin)
  do throws(ParseError) {
    return .success(try body(&reader))
  } catch {
    return .failure(error)
  }
}

/// Runs `body` on a writer of `capacity` bytes; the result is what was written, or what `body` throws.
func writing(
  capacity: Int, _ body: (inout ByteWriter) throws(ParseError) -> Void
) -> Result<[UInt8], ParseError> {
  do throws(ParseError) {
    return .success(try [UInt8](capacity: capacity, writing: body))
  } catch {
    return .failure(error)
  }
}

/// The bytes of a span, as a value.
func array(_ span: Span<UInt8>) -> [UInt8] {
  span.indices.map { span[$0] }
}

/// The error of a result, if it is one.
extension Result {
  var error: Failure? {
    switch self {
    case .success: nil
    case .failure(let error): error
    }
  }

  var value: Success? {
    switch self {
    case .success(let value): value
    case .failure: nil
    }
  }
}
