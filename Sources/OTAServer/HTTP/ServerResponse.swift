import Foundation
public import OTACore

/// A response, free of any HTTP library: what a handler makes.
///
/// A response to `HEAD` carries the body that `GET` would get: the HTTP front takes the length from it and must not
/// send it. `Content-Length` is never among the fields: it follows from the body.
public struct ServerResponse: Equatable, Sendable {
  /// What follows the header.
  public enum Body: Equatable, Sendable {
    /// Nothing.
    case none
    /// These bytes.
    case bytes([UInt8])
    /// The bytes of a file that are in this range, counted from 0; the range lies within the file.
    case file(path: String, range: Range<UInt64>)

    /// The number of bytes.
    public var count: UInt64 {
      switch self {
      case .none: 0
      case .bytes(let bytes): UInt64(bytes.count)
      case .file(_, let range): range.upperBound - range.lowerBound
      }
    }
  }

  /// The status (RFC 9110, section 15).
  public var status: Int
  /// The header fields.
  public var headers: HeaderFields
  /// The body.
  public var body: Body

  /// Makes a response from its parts.
  public init(status: Int, headers: HeaderFields = HeaderFields(), body: Body = .none) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  /// Makes the answer to a request that was refused: the status, and an `UpdateErrorResponse` in JSON.
  ///
  /// - Parameters:
  ///   - status: the status.
  ///   - code: the stable number of the error.
  ///   - message: one sentence for people.
  ///   - headers: more header fields.
  /// - Returns: the response.
  public static func error(
    status: Int, code: ErrorCode, message: String, headers: HeaderFields = HeaderFields()
  ) -> ServerResponse {
    json(
      status: status, UpdateErrorResponse(code: code.rawValue, message: message), headers: headers)
  }

  static func json(
    status: Int, _ document: some Encodable, headers: HeaderFields = HeaderFields()
  ) -> ServerResponse {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    var response = ServerResponse(status: status, headers: headers)
    guard let body = try? encoder.encode(document) else {
      // The documents hold integers and strings only; an encoder that refuses them is out of order.
      return ServerResponse(status: 500)
    }
    response.headers.append("Content-Type", "application/json")
    response.headers.append("Cache-Control", "no-store")
    response.body = .bytes([UInt8](body))
    return response
  }
}
