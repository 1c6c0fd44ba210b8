import OTACore
import OTACrypto

extension TrustState {
  /// Reads a state, which a store has written.
  ///
  /// - Throws: ``TrustAnchorError/malformed(_:)`` for anything but a state of this version.
  package init(parsing bytes: Span<UInt8>) throws(TrustAnchorError) {
    let head: Header
    do throws(ParseError) { head = try Header(bytes) } catch { throw .malformed(error) }
    let border = TrustState.headerSize + head.setSize
    let anchors: TrustAnchors
    do throws(TrustAnchorError) {
      anchors = try TrustAnchors(parsing: bytes.extracting(TrustState.headerSize..<border))
    } catch {
      guard case .malformed(let error) = error else { throw error }
      throw .malformed(ParseError(error.kind, at: TrustState.headerSize + error.offset))
    }
    var kept = TrustKeyTable()
    do throws(ParseError) {
      var cursor = ByteCursor(bytes.extracting(border..<bytes.count), origin: border)
      for _ in 0..<head.keptCount {
        let start = cursor.offset
        let entry = try TrustKeyTable.read(from: &cursor)
        guard entry.roles == .image, kept.roles(of: entry.key) == .none,
          kept.byteCount + TrustKeyTable.size(of: entry.key) <= TrustAnchors.imageKeySize
        else { throw ParseError(.invalidValue, at: start) }
        try kept.append(entry)
      }
      try cursor.requireEnd()
    } catch {
      throw .malformed(error)
    }
    self.init(
      anchors, earliestTime: head.earliestTime, kept: kept,
      keptSince: head.keptCount == 0 ? nil : SequenceNumber(head.keptSince))
  }

  /// The fields of fixed length, held against their limits and against what there is.
  private struct Header {
    let keptCount: Int
    let setSize: Int
    let earliestTime: UInt64
    let keptSince: UInt64

    init(_ bytes: Span<UInt8>) throws(ParseError) {
      var cursor = ByteCursor(bytes)
      let magic = try cursor.readLittleEndian(UInt32.self)
      guard magic == TrustState.magic else { throw ParseError(.invalidValue, at: 0) }
      let version = try cursor.readByte()
      guard version == TrustState.version else { throw ParseError(.unsupported, at: 4) }
      keptCount = Int(try cursor.readByte())
      guard keptCount <= TrustState.keptKeyCapacity else { throw ParseError(.limitExceeded, at: 5) }
      setSize = Int(try cursor.readLittleEndian(UInt16.self))
      guard setSize <= TrustAnchors.maximumSize else { throw ParseError(.limitExceeded, at: 6) }
      earliestTime = try cursor.readLittleEndian(UInt64.self)
      keptSince = try cursor.readLittleEndian(UInt64.self)
      guard keptCount > 0 || keptSince == 0 else { throw ParseError(.notCanonical, at: 16) }
      _ = try cursor.readBytes(count: setSize)
    }
  }

  /// Writes the state to the start of `bytes`.
  ///
  /// - Returns: how many bytes these are.
  package func serialize(into bytes: consuming MutableSpan<UInt8>) throws(TrustAnchorError) -> Int {
    do throws(ParseError) {
      var writer = ByteWriter(bytes)
      try writer.writeLittleEndian(TrustState.magic)
      try writer.write(byte: TrustState.version)
      try writer.write(byte: UInt8(truncatingIfNeeded: kept.count))
      try writer.writeLittleEndian(UInt16(truncatingIfNeeded: anchors.size))
      try writer.writeLittleEndian(earliestTime)
      try writer.writeLittleEndian(keptSince?.rawValue ?? 0)
      try anchors.serialize(into: &writer)
      try writer.write(kept.span)
      return writer.count
    } catch {
      throw .malformed(error)
    }
  }
}
