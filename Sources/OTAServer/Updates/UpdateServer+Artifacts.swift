import OTACore

extension UpdateServer {
  /// `GET` and `HEAD /artifacts/{digest}`.
  ///
  /// A name is 64 lower-case hexadecimal digits or nothing: no path of a request ever reaches the file system.
  ///
  /// - Note: Source: RFC 9110, section 13.2.2 (order of preconditions), 14.2 (Range only with GET), 15.3.7 (206),
  ///   15.5.17 (416); RFC 8246 (immutable).
  func artifact(_ request: ServerRequest, named name: Substring) throws(RequestRefusal) -> ServerResponse {
    guard let digest = Digest(sha256: name), let size = artifacts.size(of: digest) else {
      throw RequestRefusal(404, .unknownArtifact, "there is no such artifact")
    }
    let tag = EntityTag(String(name))
    var headers = HeaderFields()
    headers.append("ETag", tag.text)
    headers.append("Accept-Ranges", "bytes")
    headers.append("Cache-Control", "public, max-age=31536000, immutable")

    if let value = request.headers["If-Match"], !tag.matches(ifMatch: value) {
      var refusal = RequestRefusal(412, .requestMalformed, "the artifact is another one than asked for")
      refusal.headers = headers
      throw refusal
    }
    if let value = request.headers["If-None-Match"], tag.matches(ifNoneMatch: value) {
      return ServerResponse(status: 304, headers: headers)
    }

    let path = artifacts.path(of: digest)
    switch range(request, tag: tag, size: size) {
    case .whole:
      headers.append("Content-Type", "application/octet-stream")
      return ServerResponse(status: 200, headers: headers, body: .file(path: path, range: 0..<size))
    case .part(let range):
      headers.append("Content-Type", "application/octet-stream")
      headers.append("Content-Range", "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(size)")
      return ServerResponse(status: 206, headers: headers, body: .file(path: path, range: range))
    case .unsatisfiable:
      var refusal = RequestRefusal(416, .requestMalformed, "the artifact has no byte of this range")
      refusal.headers.append("Content-Range", "bytes */\(size)")
      refusal.headers.append("Accept-Ranges", "bytes")
      throw refusal
    }
  }

  private func range(_ request: ServerRequest, tag: EntityTag, size: UInt64) -> ByteRange {
    guard request.method == "GET", let value = request.headers["Range"] else { return .whole }
    if let condition = request.headers["If-Range"], !tag.matches(ifRange: condition) { return .whole }
    return ByteRange(value, size: size)
  }
}

extension Digest {
  /// Reads 64 lower-case hexadecimal digits; `nil` if the text is anything else.
  init?(sha256 text: some StringProtocol) {
    let digits = text.utf8
    guard digits.count == 64 else { return nil }
    let isLowerCase = digits.allSatisfy { digit in
      switch digit {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): true
      default: false
      }
    }
    guard isLowerCase, let bytes = [UInt8](hexadecimal: text) else { return nil }
    try? self.init(algorithm: .sha256, bytes: bytes.span)
  }
}
