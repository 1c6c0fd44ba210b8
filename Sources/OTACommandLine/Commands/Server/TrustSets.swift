import OTACore
import OTAPartition

/// The signed sets of trust anchors that a server gives out, by their numbers.
struct TrustSets: Sendable {
  private var updates: [UInt64: [UInt8]] = [:]

  /// Reads sets, in any order.
  ///
  /// Where two follow one upon the other, the second is verified as a device with the first does it: what devices would
  /// refuse is not published by mistake. What comes before the first one is not here, so that it cannot be verified.
  ///
  /// - Parameter paths: files that `ota trust sign` has written.
  /// - Throws: what `TrustFile` throws; status ``ExitStatus/failed`` for a set that nobody has signed, or whose number another
  ///   one has; ``ExitStatus/refused`` if devices would refuse it.
  init(reading paths: [String]) throws(CommandFailure) {
    var sets: [(path: String, anchors: TrustAnchors)] = []
    for path in paths {
      let bytes = try InputFile.read(path, limit: TrustAnchors.maximumUpdateSize)
      let set = try TrustFile.parse(bytes, path)
      let number = set.anchors.number
      guard !set.signatures.isEmpty else {
        throw CommandFailure(
          path, why: "nobody has signed it", remedy: "give devices signed sets only",
          code: .trustAnchorsThresholdNotMet)
      }
      guard updates.updateValue(bytes, forKey: number) == nil else {
        throw CommandFailure(
          path, why: "another file is set \(number) too", remedy: "give each set once",
          code: .trustAnchorsNumberMismatch)
      }
      sets.append((path, set.anchors))
    }
    sets.sort { $0.anchors.number < $1.anchors.number }
    for (before, after) in zip(sets, sets.dropFirst())
    where after.anchors.number - before.anchors.number == 1 {
      _ = try TrustVerify.next(after: before.anchors, reading: after.path)
    }
  }

  /// The numbers, from the lowest on.
  var numbers: [UInt64] { updates.keys.sorted() }

  /// The update that brings a set.
  subscript(number: UInt64) -> [UInt8]? { updates[number] }
}
