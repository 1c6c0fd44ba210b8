#if !hasFeature(Embedded)
/// A way to a server.
///
/// Implemented by `OTATransportHTTP`, and by anyone who has another.
///
/// Paths are resolved against the server that the transport was made for (RFC 3986, section 5); a transport never
/// follows a reference to another host unless it was told to.
public protocol Transport: Sendable {
  /// Sends a small document and receives a small one.
  ///
  /// - Parameters:
  ///   - request: what to send.
  ///   - limit: the largest response body that is accepted, in bytes.
  /// - Returns: status and body.
  /// - Throws: a ``TransportError``. A status other than 2xx is not an error: it is in the response.
  func exchange(_ request: TransportRequest, limit: Int) async throws(TransportError) -> TransportResponse

  /// Opens a resource for reading in order, from a byte offset on.
  ///
  /// - Throws: ``TransportError/rangeIgnored`` if the server does not serve from `offset`,
  ///   ``TransportError/status(_:)`` for anything but success, or another ``TransportError``.
  func open(_ reference: String, from offset: UInt64) async throws(TransportError) -> any TransportStream
}

/// Bytes of a resource as they arrive.
public protocol TransportStream: Sendable {
  /// The length of the whole resource in bytes, if the server said so; from byte 0, not from the offset.
  var totalSize: UInt64? { get }

  /// Waits for the next bytes, at most `limit` of them.
  ///
  /// - Returns: at least one byte, or `nil` at the end of the resource.
  /// - Throws: a ``TransportError``; what was returned before stays valid.
  func next(limit: Int) async throws(TransportError) -> [UInt8]?

  /// Ends the transfer; further calls of ``next(limit:)`` return `nil`. May be called more than once.
  func cancel()
}

/// A document to send.
public struct TransportRequest: Sendable {
  /// What is done.
  public enum Method: String, Sendable {
    /// Ask for a document.
    case get = "GET"
    /// Send a document.
    case post = "POST"
    /// Store a document where it is to be found.
    case put = "PUT"
  }

  /// What is done.
  public var method: Method
  /// Where, relative to the server.
  public var reference: String
  /// The media type of the body, if there is one.
  public var contentType: String?
  /// The body.
  public var body: [UInt8]

  /// Makes a request from its parts.
  public init(_ method: Method, _ reference: String, contentType: String? = nil, body: [UInt8] = []) {
    self.method = method
    self.reference = reference
    self.contentType = contentType
    self.body = body
  }
}

/// A document received.
public struct TransportResponse: Sendable {
  /// The status, with the meanings of HTTP (RFC 9110, section 15).
  public var status: Int
  /// The body.
  public var body: [UInt8]

  /// Makes a response from its parts.
  public init(status: Int, body: [UInt8]) {
    self.status = status
    self.body = body
  }
}

/// Why a transfer did not happen or did not end.
public enum TransportError: Error, Equatable, Sendable {
  /// No connection could be made: name resolution, refusal, or no route.
  case unreachable
  /// The connection ended before the transfer did.
  case interrupted
  /// Nothing arrived for too long.
  case timeout
  /// The server answered with this status, which is not success.
  case status(Int)
  /// The response is larger than the caller accepts.
  case responseTooLarge
  /// The server ignored, or answered wrongly, the range that was asked for.
  case rangeIgnored
  /// What arrived is not the protocol, or the reference is not one that this transport may use.
  case malformed

  /// The stable number of this error.
  public var code: ErrorCode {
    switch self {
    case .unreachable: .transportUnreachable
    case .interrupted: .transportInterrupted
    case .timeout: .transportTimeout
    case .status: .transportStatus
    case .responseTooLarge: .transportResponseTooLarge
    case .rangeIgnored: .transportRangeIgnored
    case .malformed: .transportMalformed
    }
  }
}
#endif
