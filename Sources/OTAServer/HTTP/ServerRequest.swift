/// A request, free of any HTTP library: what a handler sees of it.
public struct ServerRequest: Sendable {
  /// The method, as it was sent: methods are case-sensitive (RFC 9110, section 9.1).
  public var method: String
  /// The path of the target as it was sent: not percent-decoded, without the query.
  public var path: String
  /// The query of the target as it was sent, without the question mark, if there is one.
  public var query: String?
  /// The header fields.
  public var headers: HeaderFields
  /// The whole body; the HTTP front has limited its length already.
  public var body: [UInt8]

  /// Makes a request from its parts.
  public init(
    method: String, path: String, query: String? = nil, headers: HeaderFields = HeaderFields(),
    body: [UInt8] = []
  ) {
    self.method = method
    self.path = path
    self.query = query
    self.headers = headers
    self.body = body
  }
}
