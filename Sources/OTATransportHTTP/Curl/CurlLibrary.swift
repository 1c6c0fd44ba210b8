import CCurl
import OTACore

/// The library as a whole.
enum CurlLibrary {
  /// Whether libcurl has started; it is started at the first use, once, as it asks for.
  static let isReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK
}

extension TransportError {
  /// What a status of libcurl means; `nil` for success.
  init?(_ status: CURLcode) {
    switch status {
    case CURLE_OK: return nil
    case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT,
      CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
      CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR, CURLE_FAILED_INIT, CURLE_OUT_OF_MEMORY:
      self = .unreachable
    case CURLE_OPERATION_TIMEDOUT: self = .timeout
    case CURLE_UNSUPPORTED_PROTOCOL, CURLE_URL_MALFORMAT, CURLE_WEIRD_SERVER_REPLY,
      CURLE_BAD_CONTENT_ENCODING, CURLE_HTTP2, CURLE_FILESIZE_EXCEEDED:
      self = .malformed
    default: self = .interrupted
    }
  }
}
