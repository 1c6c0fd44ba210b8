import CCurl
import OTACore

/// The server that a transport was made for, and the only one that it talks to.
///
/// References are resolved and taken apart by libcurl itself: a second parser could see another host in them than
/// the one that libcurl connects to.
///
/// - Note: Source: RFC 3986, section 5 (resolution of references).
struct BaseAddress: Equatable, Sendable {
  /// The part of an address that must not change.
  private struct Origin: Equatable, Sendable {
    let scheme: String
    let host: String
    let port: String
  }

  private let text: String
  private let origin: Origin

  /// Takes an absolute `http` or `https` address.
  ///
  /// - Throws: ``TransportError/malformed`` for anything else, and if it carries a user name or password.
  init(_ text: String) throws(TransportError) {
    let url = try BaseAddress.parse([text])
    origin = try BaseAddress.origin(of: url)
    guard ["http", "https"].contains(origin.scheme) else { throw .malformed }
    self.text = text
  }

  /// The absolute address of a reference.
  ///
  /// - Throws: ``TransportError/malformed`` if it is not a reference, or one to another scheme, host or port.
  func resolve(_ reference: String) throws(TransportError) -> String {
    let url = try BaseAddress.parse([text, reference])
    guard try BaseAddress.origin(of: url) == origin else { throw .malformed }
    guard unsafe curl_url_set(url.pointer, CURLUPART_FRAGMENT, nil, 0) == CURLUE_OK else { throw .malformed }
    return try url.part(CURLUPART_URL)
  }

  private static func parse(_ steps: [String]) throws(TransportError) -> ParsedURL {
    let url = try ParsedURL()
    for step in steps {
      // Control characters, blanks and everything beyond ASCII are no part of a URI (RFC 3986, section 2).
      guard !step.isEmpty, step.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { throw .malformed }
      let status = unsafe curl_url_set(url.pointer, CURLUPART_URL, step, UInt32(CURLU_DISALLOW_USER))
      guard status == CURLUE_OK else { throw .malformed }
    }
    return url
  }

  private static func origin(of url: ParsedURL) throws(TransportError) -> Origin {
    Origin(
      scheme: try url.part(CURLUPART_SCHEME).lowercased(), host: try url.part(CURLUPART_HOST).lowercased(),
      port: try url.part(CURLUPART_PORT, flags: UInt32(CURLU_DEFAULT_PORT)))
  }
}

/// A parsed address in libcurl's own form.
@safe private final class ParsedURL {
  let pointer: OpaquePointer

  init() throws(TransportError) {
    guard let made = unsafe curl_url() else { throw .unreachable }
    unsafe pointer = made
  }

  deinit {
    unsafe curl_url_cleanup(pointer)
  }

  func part(_ part: CURLUPart, flags: UInt32 = 0) throws(TransportError) -> String {
    var text: UnsafeMutablePointer<CChar>?
    guard unsafe curl_url_get(pointer, part, &text, flags) == CURLUE_OK, let text = unsafe text else {
      throw .malformed
    }
    defer { unsafe curl_free(text) }
    return unsafe String(cString: text)
  }
}
