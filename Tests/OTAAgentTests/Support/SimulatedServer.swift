import Foundation
import OTACore
import OTACrypto
import OTACryptoSodium
import OTAManifest
import Synchronization

/// A whole update server in memory behind the transport protocol; a test says what it offers and how it misbehaves.
final class SimulatedServer: Transport {
  struct State {
    var release: Release?
    /// Answers other than the proper ones, by reference.
    var statuses: [String: Int] = [:]
    /// Bodies other than the proper ones, by reference.
    var bodies: [String: [UInt8]] = [:]
    var isReachable = true
    var pollSeconds: UInt32 = 1
    /// After how many bytes each stream of a payload breaks off; the last one counts for all that follow.
    var cuts: [Int] = []
    var reports: [BootReceipt] = []
    /// The stretches of the payload that were delivered.
    var payloadFetches: [Range<Int>] = []
    var checks: [UpdateCheckRequest] = []
  }

  private let deviceKey: PublicKey
  let state: Mutex<State>

  /// Makes a server that knows the key of every ``TestDevice``.
  init(offering release: Release?) throws {
    deviceKey = try TestDevice.signer().publicKey
    state = Mutex(State(release: release))
  }

  var checks: [UpdateCheckRequest] { state.withLock { $0.checks } }
  var reports: [BootReceipt] { state.withLock { $0.reports } }
  var payloadFetches: [Range<Int>] { payloadFetchesBegun.filter { !$0.isEmpty } }
  /// Also those that have not delivered a byte.
  var payloadFetchesBegun: [Range<Int>] { state.withLock { $0.payloadFetches } }

  func change(_ body: (inout State) -> Void) { state.withLock { body(&$0) } }

  func exchange(
    _ request: TransportRequest, limit: Int
  ) async throws(TransportError) -> TransportResponse {
    let state = state.withLock { $0 }
    guard state.isReachable else { throw .unreachable }
    if let status = state.statuses[request.reference] { return TransportResponse(status: status, body: []) }
    if let body = state.bodies[request.reference] { return TransportResponse(status: 200, body: body) }
    do {
      switch request.reference {
      case "/api/v1/updates/check": return try check(request)
      case "/api/v1/updates/report": return try report(request)
      default: return TransportResponse(status: 404, body: [])
      }
    } catch {
      return TransportResponse(status: 400, body: [])
    }
  }

  private func check(_ request: TransportRequest) throws -> TransportResponse {
    let document = try JSONDecoder().decode(UpdateCheckRequest.self, from: Data(request.body))
    let (release, pollSeconds) = state.withLock { state in
      state.checks.append(document)
      return (state.release, state.pollSeconds)
    }
    var update: UpdateCheckResponse.Update?
    if let release, release.manifest.sequenceNumber.rawValue > document.sequenceNumber {
      update = UpdateCheckResponse.Update(
        id: "\(release.updateID)", manifest: "/artifacts/\(release.updateID)",
        manifestSize: release.envelope.count)
    }
    return TransportResponse(
      status: 200,
      body: [UInt8](try JSONEncoder().encode(UpdateCheckResponse(update: update, pollSeconds: pollSeconds))))
  }

  private func report(_ request: TransportRequest) throws -> TransportResponse {
    let document = try JSONDecoder().decode(UpdateReportRequest.self, from: Data(request.body))
    let bytes = [UInt8](Data(base64Encoded: document.receipt) ?? Data())
    let receipt = try BootReceipt.verify(bytes.span, by: deviceKey, using: SodiumVerifier())
    state.withLock { $0.reports.append(receipt) }
    return TransportResponse(status: 204, body: [])
  }

  func open(
    _ reference: String, from offset: UInt64
  ) async throws(TransportError) -> any TransportStream {
    let (resource, cut, index) = try state.withLock { (state) throws(TransportError) in
      guard state.isReachable else { throw .unreachable }
      if let status = state.statuses[reference] { throw .status(status) }
      if let body = state.bodies[reference] { return (body, Int.max, Int?.none) }
      guard let release = state.release else { throw .status(404) }
      if reference == "/artifacts/\(release.updateID)" { return (release.envelope, Int.max, Int?.none) }
      guard reference == String(decoding: release.manifest.payload.uri, as: UTF8.self) else {
        throw .status(404)
      }
      let cut = state.cuts.count > 1 ? state.cuts.removeFirst() : state.cuts.first ?? .max
      state.payloadFetches.append(Int(offset)..<Int(offset))
      return (release.payload, cut, state.payloadFetches.count - 1)
    }
    guard offset <= UInt64(resource.count) else { throw .rangeIgnored }
    return SimulatedStream(resource, from: Int(offset), cut: cut) { [self] count in
      guard let index else { return }
      state.withLock { state in
        let range = state.payloadFetches[index]
        state.payloadFetches[index] = range.lowerBound..<range.upperBound + count
      }
    }
  }
}

/// Bytes at hand as a stream, in small pieces, that may break off.
private final class SimulatedStream: TransportStream {
  private struct State {
    var rest: ArraySlice<UInt8>
    var untilCut: Int
  }

  let totalSize: UInt64?
  private let state: Mutex<State>
  private let delivered: @Sendable (Int) -> Void

  init(_ bytes: [UInt8], from offset: Int, cut: Int, delivered: @escaping @Sendable (Int) -> Void) {
    totalSize = UInt64(bytes.count)
    state = Mutex(State(rest: bytes[offset...], untilCut: cut))
    self.delivered = delivered
  }

  func next(limit: Int) async throws(TransportError) -> [UInt8]? {
    let bytes = try state.withLock { (state) throws(TransportError) -> [UInt8]? in
      guard !state.rest.isEmpty else { return nil }
      guard state.untilCut > 0 else { throw .interrupted }
      // An odd number, so that pieces and blocks never end together.
      let bytes = [UInt8](state.rest.prefix(min(limit, state.untilCut, 389)))
      state.rest = state.rest.dropFirst(bytes.count)
      state.untilCut -= bytes.count
      return bytes
    }
    if let bytes { delivered(bytes.count) }
    return bytes
  }

  func cancel() { state.withLock { $0.rest = [] } }
}
