import OTAFlashSimulator
public import OTAPartition

/// Updates on every part, in every way of activation and in place, with every unit of writing, of an image that is healthy
/// and of one that is not.
///
/// The other rules take turns, so that each meets every part: erased to 0xff and to 0x00, cells written once and again,
/// second writes refused and undefined.
public struct PowerLossMatrix: Sendable {
  /// A part that cannot be used in a way.
  public struct Impossible: Equatable, Sendable {
    /// The name of the part.
    public var part: String
    /// The way; `nil` is in place.
    public var strategy: ActivationStrategy.Kind?
    /// Why not.
    public var reason: LayoutError
  }

  /// The units of writing.
  public static var writeSizes: [UInt32] { [1, 2, 4, 8, 16, 32] }
  /// The size of the largest blocks of which an image takes more than one.
  ///
  /// Larger ones would be copied in hundreds of writes; there an image stays in its first block.
  public static var largestSharedBlock: UInt32 { 512 }
  /// How many bytes an image has at most that stays in one group.
  public static var longestSingleGroup: Int { 500 }

  /// What is to be done, in order.
  public let cases: [PowerLossCase]
  /// What cannot be done.
  public let impossible: [Impossible]

  /// Collects the cases.
  ///
  /// - Parameters:
  ///   - parts: the names of the parts; `nil` is all.
  ///   - subjects: what the devices do; `nil` is everything.
  ///   - strategies: the ways of activation; `nil` is all. What has none is left out if it is not `nil`.
  ///   - writeSizes: the units of writing; `nil` is one for each part and way, another one for each.
  ///   - takesTurns: whether updates to healthy and to unhealthy images take turns, from unit to unit, or from way to way,
  ///     rather than that each is done.
  /// - Throws: `LayoutError.invalidGeometry` for a unit that no device can have.
  public init(
    parts: [String]? = nil, subjects: [PowerLossCase.Subject]? = nil,
    strategies: [ActivationStrategy.Kind]? = nil, writeSizes: [UInt32]? = PowerLossMatrix.writeSizes,
    takesTurns: Bool = false
  ) throws(LayoutError) {
    var cases: [PowerLossCase] = []
    var impossible: [Impossible] = []
    for (index, part) in Geometries.parts.enumerated() where parts?.contains(part.name) ?? true {
      for strategy in (strategies ?? ActivationStrategy.Kind.allCases) {
        let chosen = (subjects ?? PowerLossCase.Subject.allCases).filter(\.hasStrategy)
        guard !chosen.isEmpty else { break }
        do throws(LayoutError) {
          _ = try PowerLossBoard(part, strategy: strategy, groupCount: 1)
        } catch {
          impossible.append(Impossible(part: part.name, strategy: strategy, reason: error))
          continue
        }
        for subject in chosen {
          cases += try PowerLossMatrix.cases(part, index, subject, strategy, writeSizes)
        }
      }
      guard strategies == nil else { continue }
      let others = (subjects ?? PowerLossCase.Subject.allCases).filter { !$0.hasStrategy }
      var reason: LayoutError?
      if others.contains(where: \.isInPlace) {
        do throws(LayoutError) {
          _ = try InPlaceBoard(part, blockCount: 1, longest: PowerLossMatrix.longestSingleGroup)
        } catch {
          reason = error
          impossible.append(Impossible(part: part.name, strategy: nil, reason: error))
        }
      }
      for subject in others where !subject.isInPlace || reason == nil {
        cases += try PowerLossMatrix.cases(part, index, subject, nil, writeSizes)
      }
    }
    self.cases = takesTurns ? cases.filter(\.isItsTurn) : cases
    self.impossible = impossible
  }

  /// A part and a subject with each unit.
  private static func cases(
    _ part: FlashPart, _ index: Int, _ subject: PowerLossCase.Subject, _ strategy: ActivationStrategy.Kind?,
    _ writeSizes: [UInt32]?
  ) throws(LayoutError) -> [PowerLossCase] {
    let place = index + (strategy.map { Int($0.rawValue) } ?? (subject.isInPlace ? 6 : 5))
    let all = PowerLossMatrix.writeSizes
    var cases: [PowerLossCase] = []
    for writeSize in writeSizes ?? [all[place % all.count]] {
      // The rules take turns: each comes with every part, way and unit, and with most pairs of them.
      let number = place + (all.firstIndex(of: writeSize) ?? 0) + (subject.isHealthy == false ? 3 : 0)
      let variant = try part.with(
        writeSize: writeSize, erasedByte: number % 2 == 0 ? 0xff : 0x00, isMultiwrite: number % 3 == 0)
      let start = try part.range(of: part.layout.images[0].a).lowerBound
      let block = try part.combinedGeometry().eraseBlock(containing: start).map { UInt32($0.count) } ?? 0
      cases.append(
        PowerLossCase(
          part: variant, subject: subject, strategy: strategy, writeSize: writeSize,
          writeToUsed: number % 4 < 2 ? .isRefused : .isUndefined,
          groupCount: block <= largestSharedBlock ? 2 : 1, turn: place))
    }
    return cases
  }
}
