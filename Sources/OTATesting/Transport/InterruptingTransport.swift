public import OTACore
import Synchronization

/// A transport that cuts downloads of another one after so many bytes, as a bad line does.
///
/// Exchanges of small documents pass unchanged. Each download that is opened uses up the next cut of the list; when
/// the list is empty, downloads pass unchanged as well. What was delivered before a cut is counted, so that a test can
/// hold it against what should have been fetched.
public struct InterruptingTransport<Base: Transport>: Transport {
  private let base: Base
  private let plan: CutPlan

  /// Wraps a transport.
  ///
  /// - Parameters:
  ///   - base: the transport that does the work.
  ///   - cuts: after how many bytes of its body each download is cut, in the order in which they are opened.
  ///   - error: what a cut download throws.
  public init(_ base: Base, cutAfter cuts: [UInt64], error: TransportError = .interrupted) {
    self.base = base
    self.plan = CutPlan(cuts: cuts, error: error)
  }

  /// How many downloads were cut.
  public var cutCount: Int { plan.cutCount }

  /// How many bytes of downloads reached the reader, over all downloads.
  public var deliveredBytes: UInt64 { plan.deliveredBytes }

  /// Passes an exchange on.
  ///
  /// - Parameters:
  ///   - request: what to send.
  ///   - limit: the largest response body that is accepted, in bytes.
  /// - Returns: status and body.
  /// - Throws: what the wrapped transport throws.
  public func exchange(
    _ request: TransportRequest, limit: Int
  ) async throws(TransportError) -> TransportResponse {
    try await base.exchange(request, limit: limit)
  }

  /// Opens a download, and cuts it by the next cut of the list.
  ///
  /// - Parameters:
  ///   - reference: the resource.
  ///   - offset: the first byte to read.
  /// - Returns: the stream.
  /// - Throws: what the wrapped transport throws; then no cut is used up.
  public func open(
    _ reference: String, from offset: UInt64
  ) async throws(TransportError) -> any TransportStream {
    let stream = try await base.open(reference, from: offset)
    return InterruptingStream(stream, plan: plan, cut: plan.nextCut())
  }
}

/// What is left to cut, and what was seen; shared by a transport and its streams.
private final class CutPlan: Sendable {
  private struct State {
    var cuts: ArraySlice<UInt64>
    var cutCount = 0
    var deliveredBytes: UInt64 = 0
  }

  let error: TransportError
  private let state: Mutex<State>

  init(cuts: [UInt64], error: TransportError) {
    self.error = error
    state = Mutex(State(cuts: cuts[...]))
  }

  var cutCount: Int { state.withLock { $0.cutCount } }
  var deliveredBytes: UInt64 { state.withLock { $0.deliveredBytes } }

  func nextCut() -> UInt64? { state.withLock { $0.cuts.popFirst() } }
  func countCut() { state.withLock { $0.cutCount += 1 } }
  func count(delivered: Int) { state.withLock { $0.deliveredBytes += UInt64(delivered) } }
}

/// A download that ends by an error after so many bytes.
private final class InterruptingStream: TransportStream {
  private let base: any TransportStream
  private let plan: CutPlan
  /// Bytes until the cut; `nil` if there is none.
  private let left: Mutex<UInt64?>
  private let isCut = Mutex(false)

  init(_ base: any TransportStream, plan: CutPlan, cut: UInt64?) {
    self.base = base
    self.plan = plan
    left = Mutex(cut)
  }

  var totalSize: UInt64? { base.totalSize }

  func next(limit: Int) async throws(TransportError) -> [UInt8]? {
    let before = left.withLock { $0 }
    if before == 0 {
      let isFirst = isCut.withLock { isCut in
        let isFirst = !isCut
        isCut = true
        return isFirst
      }
      if isFirst { plan.countCut() }
      base.cancel()
      throw plan.error
    }
    let bound = before.map { Int(clamping: min($0, UInt64(clamping: limit))) } ?? limit
    guard let bytes = try await base.next(limit: bound) else { return nil }
    left.withLock { left in left = left.map { $0 - min($0, UInt64(bytes.count)) } }
    plan.count(delivered: bytes.count)
    return bytes
  }

  func cancel() {
    base.cancel()
  }
}
