import CCurl
import COTACurlShims
import OTACore

/// One transfer in libcurl's own form; confined to the network thread.
@safe final class EasyHandle {
  let pointer: UnsafeMutableRawPointer
  let transfer: Transfer
  private var fields: UnsafeMutablePointer<curl_slist>?

  /// Prepares a transfer.
  ///
  /// - Throws: ``TransportError/unreachable`` if libcurl has no memory or refuses an option: none may be left out.
  init(_ transfer: Transfer) throws(TransportError) {
    guard let made = unsafe curl_easy_init() else { throw .unreachable }
    unsafe pointer = made
    self.transfer = transfer
    try setUpReceivers()
    try setUpConnection()
    try setUpRequest()
  }

  deinit {
    unsafe curl_easy_cleanup(pointer)
    unsafe curl_slist_free_all(fields)
  }

  /// Lets bytes flow again after the receiver has paused the transfer.
  func resume() {
    _ = unsafe curl_easy_pause(pointer, Int32(CURLPAUSE_CONT))
  }

  private func setUpReceivers() throws(TransportError) {
    // Not retained: this object owns the transfer for longer than libcurl has the pointer.
    let context = unsafe Unmanaged.passUnretained(transfer).toOpaque()
    try check(unsafe ota_curl_set_receivers(pointer, receiveHeaderLine, receiveBody, context))
  }

  private func setUpConnection() throws(TransportError) {
    let configuration = transfer.configuration
    try set(CURLOPT_NOSIGNAL, 1)
    try set(CURLOPT_PROTOCOLS_STR, "http,https")
    try set(CURLOPT_FOLLOWLOCATION, 0)
    try set(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1)
    try set(CURLOPT_HTTP09_ALLOWED, 0)
    try set(CURLOPT_CONNECTTIMEOUT_MS, Int(configuration.connectTimeoutMilliseconds))
    try set(CURLOPT_LOW_SPEED_LIMIT, Int(configuration.stallBytesPerSecond))
    try set(CURLOPT_LOW_SPEED_TIME, Int(configuration.stallSeconds))
    // An empty name is no proxy, whatever the environment says.
    if !configuration.usesEnvironmentProxy { try set(CURLOPT_PROXY, "") }
    // What a proxy says about its tunnel is not the answer of the server.
    try set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
    try set(CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2)
    if let file = configuration.tls.authorityFile {
      try set(CURLOPT_CAINFO, file)
      try check(unsafe ota_curl_set_string(pointer, CURLOPT_CAPATH, nil))
    }
    if let file = configuration.tls.certificateFile { try set(CURLOPT_SSLCERT, file) }
    if let file = configuration.tls.keyFile { try set(CURLOPT_SSLKEY, file) }
  }

  private func setUpRequest() throws(TransportError) {
    try set(CURLOPT_URL, transfer.url)
    try set(CURLOPT_USERAGENT, "swift-ota")
    switch transfer.purpose {
    case .download(let offset):
      if offset > 0 { try set(CURLOPT_RANGE, "\(offset)-") }
    case .exchange(let request, _):
      try set(CURLOPT_TIMEOUT_MS, Int(transfer.configuration.exchangeTimeoutMilliseconds))
      guard request.method != .get else { return }
      try check(unsafe ota_curl_set_post(pointer, request.body, request.body.count))
      if request.method == .put { try set(CURLOPT_CUSTOMREQUEST, request.method.rawValue) }
      // A document is small: waiting for the server's leave to send it would cost more than sending it.
      try add(field: "Expect:")
      try add(field: "Content-Type: \(request.contentType ?? "application/octet-stream")")
      try check(unsafe ota_curl_set_list(pointer, CURLOPT_HTTPHEADER, fields))
    }
  }

  private func add(field: String) throws(TransportError) {
    // A line end would begin another field, and let the media type's author write the request.
    guard field.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else { throw .malformed }
    guard let longer = unsafe curl_slist_append(fields, field) else { throw .unreachable }
    unsafe fields = longer
  }

  private func set(_ option: CURLoption, _ value: Int) throws(TransportError) {
    try check(unsafe ota_curl_set_long(pointer, option, value))
  }

  private func set(_ option: CURLoption, _ value: String) throws(TransportError) {
    try check(unsafe ota_curl_set_string(pointer, option, value))
  }

  private func check(_ status: CURLcode) throws(TransportError) {
    guard status == CURLE_OK else { throw .unreachable }
  }
}

// Free functions: libcurl calls them on the network thread, where no closure of an actor may run.

private func receiveHeaderLine(
  _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
  guard let bytes = unsafe bytes, let context = unsafe context else { return 0 }
  let transfer = unsafe Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
  let line = unsafe UnsafeRawBufferPointer(start: bytes, count: size * count)
  return unsafe transfer.receive(line: line) ? size * count : 0
}

private func receiveBody(
  _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
  guard let bytes = unsafe bytes, let context = unsafe context else { return 0 }
  let transfer = unsafe Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
  let body = unsafe UnsafeRawBufferPointer(start: bytes, count: size * count)
  switch unsafe transfer.receive(body: body) {
  case .taken: return size * count
  case .pause: return ota_curl_pause()
  case .abort: return 0
  }
}
