import OTACore
import OTACrypto
import OTACryptoSodium
import Synchronization

/// A way to the server that keeps count of what a device fetched, and is gone while the device has no power.
final class MeteredTransport: Transport {
  /// A stretch of a resource that arrived.
  struct Fetch: Equatable {
    var reference: String
    var bytes: Range<UInt64>
  }

  private let inner: any Transport
  private let isPowered: @Sendable () -> Bool
  private let log = Mutex<[Fetch]>([])

  init(_ inner: any Transport, isPowered: @escaping @Sendable () -> Bool) {
    self.inner = inner
    self.isPowered = isPowered
  }

  /// What arrived, in order, without empty stretches.
  var fetches: [Fetch] { log.withLock { $0.filter { !$0.bytes.isEmpty } } }

  func exchange(
    _ request: TransportRequest, limit: Int
  ) async throws(TransportError) -> TransportResponse {
    guard isPowered() else { throw .unreachable }
    return try await inner.exchange(request, limit: limit)
  }

  func open(
    _ reference: String, from offset: UInt64
  ) async throws(TransportError) -> any TransportStream {
    guard isPowered() else { throw .unreachable }
    let stream = try await inner.open(reference, from: offset)
    let index = log.withLock { log in
      log.append(Fetch(reference: reference, bytes: offset..<offset))
      return log.count - 1
    }
    return MeteredStream(inner: stream) { [self] count in
      log.withLock { log in
        let bytes = log[index].bytes
        log[index].bytes = bytes.lowerBound..<bytes.upperBound + UInt64(count)
      }
      return isPowered()
    }
  }
}

private struct MeteredStream: TransportStream {
  let inner: any TransportStream
  let arrived: @Sendable (Int) -> Bool

  var totalSize: UInt64? { inner.totalSize }

  func next(limit: Int) async throws(TransportError) -> [UInt8]? {
    guard arrived(0) else { throw .unreachable }
    guard let bytes = try await inner.next(limit: limit) else { return nil }
    _ = arrived(bytes.count)
    return bytes
  }

  func cancel() { inner.cancel() }
}

/// A way to the server with somebody in it who offers and alters what he likes; reports pass.
final class HostileTransport: Transport {
  /// What he does.
  struct Attack: Sendable {
    /// The envelope that he offers.
    var envelope: [UInt8]
    /// The payload that he serves for any other artifact.
    var payload: [UInt8]
  }

  private let inner: any Transport
  private let attack: Attack

  init(_ inner: any Transport, attack: Attack) {
    self.inner = inner
    self.attack = attack
    let envelope = attack.envelope
    updateID = SodiumSHA256.digest(of: envelope.span)
  }

  private let updateID: Digest

  func exchange(
    _ request: TransportRequest, limit: Int
  ) async throws(TransportError) -> TransportResponse {
    guard request.reference == "/api/v1/updates/check" else {
      return try await inner.exchange(request, limit: limit)
    }
    let body = """
      {"pollSeconds":60,"update":{"id":"\(updateID)","manifest":"/artifacts/\(updateID)",\
      "manifestSize":\(attack.envelope.count)}}
      """
    return TransportResponse(status: 200, body: [UInt8](body.utf8))
  }

  func open(
    _ reference: String, from offset: UInt64
  ) async throws(TransportError) -> any TransportStream {
    let resource = reference.hasSuffix("\(updateID)") ? attack.envelope : attack.payload
    guard offset <= UInt64(resource.count) else { throw .rangeIgnored }
    return BytesStream(resource, from: Int(offset))
  }
}

/// Bytes at hand as a stream.
private final class BytesStream: TransportStream {
  let totalSize: UInt64?
  private let rest: Mutex<ArraySlice<UInt8>>

  init(_ bytes: [UInt8], from offset: Int) {
    totalSize = UInt64(bytes.count)
    rest = Mutex(bytes[offset...])
  }

  func next(limit: Int) async throws(TransportError) -> [UInt8]? {
    rest.withLock { rest in
      guard !rest.isEmpty else { return nil }
      let bytes = [UInt8](rest.prefix(limit))
      rest = rest.dropFirst(limit)
      return bytes
    }
  }

  func cancel() { rest.withLock { $0 = [] } }
}
