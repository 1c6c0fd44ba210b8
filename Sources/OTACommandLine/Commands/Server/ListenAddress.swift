/// The value of `--listen`: a host and a port.
struct ListenAddress: Equatable, Sendable {
  /// A name or an address, without brackets.
  var host: String
  /// The port; 0 is any that is free.
  var port: UInt16

  /// Reads `HOST:PORT`, or `[ADDRESS]:PORT` for an IPv6 address.
  ///
  /// - Parameter text: the value.
  /// - Throws: ``UsageError/invalidValue(name:value:expected:)`` for anything else.
  init(option text: String) throws(UsageError) {
    let error = UsageError.invalidValue(
      name: "--listen", value: text, expected: "HOST:PORT or [ADDRESS]:PORT, such as 127.0.0.1:8080")
    guard let colon = text.lastIndex(of: ":") else { throw error }
    var host = text[..<colon]
    let digits = text[text.index(after: colon)...]
    guard digits.allSatisfy({ $0.isASCII && $0.isNumber }), let port = UInt16(digits) else { throw error }
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
    } else if host.contains(":") {
      throw error
    }
    guard !host.isEmpty else { throw error }
    self.host = String(host)
    self.port = port
  }

  /// The address of a server on this host and another port, as a URL.
  func url(port: UInt16) -> String {
    host.contains(":") ? "http://[\(host)]:\(port)" : "http://\(host):\(port)"
  }
}
