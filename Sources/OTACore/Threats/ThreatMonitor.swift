/// When a peer is slowed down, and how much.
public struct ThreatPolicy: Equatable, Sendable {
  /// In how many milliseconds what was counted of a peer counts half; at least 1.
  public var halfLife: UInt32
  /// How many refusals are no burst.
  public var tolerance: UInt32
  /// The delay of the first refusal above that, in milliseconds; each further one doubles it.
  public var baseDelay: UInt32
  /// The longest delay, in milliseconds.
  public var maximumDelay: UInt32

  /// Makes a policy; three refusals in some minutes are free, then it is a second, doubled up to an hour.
  public init(
    halfLife: UInt32 = 300_000, tolerance: UInt32 = 3, baseDelay: UInt32 = 1000,
    maximumDelay: UInt32 = 3_600_000
  ) {
    self.halfLife = halfLife
    self.tolerance = tolerance
    self.baseDelay = baseDelay
    self.maximumDelay = maximumDelay
  }
}

/// A refusal that looks like an attack.
public struct ThreatEvent: Equatable, Sendable {
  /// The kind of attack.
  public var threat: ThreatClass
  /// The evidence: why it was refused.
  public var code: ErrorCode
  /// Who it came from, as the caller numbers its peers.
  public var peer: UInt64
  /// The rate: how many refusals count against the peer now, this one among them; 1 if the peer is not followed.
  public var recent: UInt32
  /// For how long the peer should be kept waiting, in milliseconds.
  public var delay: UInt32

  /// Makes an event from its parts.
  public init(threat: ThreatClass, code: ErrorCode, peer: UInt64, recent: UInt32, delay: UInt32) {
    self.threat = threat
    self.code = code
    self.peer = peer
    self.recent = recent
    self.delay = delay
  }
}

/// Turns refusals into typed events, and says for how long their peer should wait: the same on device and server.
///
/// A peer is a number that the caller gives it, made of what it proved to be or where it comes from. Only refusals are
/// counted: a peer that was never refused is not in the table, is never slowed, and cannot be pushed out of it. What is
/// counted fades, by half in each ``ThreatPolicy/halfLife``.
///
/// The table has `capacity` places and never grows. When it is full, a new peer takes the place of the one that counts
/// least, if that has faded below one refusal. Otherwise the new peer is not followed: its refusals are events with a
/// delay of ``ThreatPolicy/baseDelay``, and are counted in ``untracked``. So many peers cannot free one that is slowed.
public struct ThreatMonitor<let capacity: Int>: Sendable {
  private struct Entry: Sendable {
    var peer: UInt64 = 0
    /// In 256th parts of a refusal; 0 if the place is free.
    var level: UInt32 = 0
    var time: UInt64 = 0
  }

  /// How it judges.
  public let policy: ThreatPolicy
  private var entries: InlineArray<capacity, Entry>
  private var totals: InlineArray<14, UInt32>
  /// How many refusals came from peers that found no place in the table.
  public private(set) var untracked: UInt32 = 0

  /// Makes a monitor that has seen nothing.
  ///
  /// - Precondition: there is a place, and the half-life is not zero.
  public init(policy: ThreatPolicy = ThreatPolicy()) {
    precondition(capacity > 0 && policy.halfLife > 0, "a monitor needs a place and a half-life")
    self.policy = policy
    entries = InlineArray(repeating: Entry())
    totals = InlineArray(repeating: 0)
  }

  /// How many events of a class there were since the start; stops at the largest number.
  public func total(of threat: ThreatClass) -> UInt32 { totals[Int(threat.rawValue)] }

  /// Counts a refusal.
  ///
  /// - Parameters:
  ///   - code: why.
  ///   - peer: who was refused.
  ///   - time: milliseconds of a clock that does not go back; one that does stops the fading and does no other harm.
  /// - Returns: the event, or `nil` if the error is none that anybody gains from: then nothing is counted.
  public mutating func record(_ code: ErrorCode, from peer: UInt64, at time: UInt64) -> ThreatEvent? {
    guard let threat = ThreatClass(code) else { return nil }
    let index = Int(threat.rawValue)
    if totals[index] < .max { totals[index] += 1 }
    guard let place = place(for: peer, at: time) else {
      if untracked < .max { untracked += 1 }
      return ThreatEvent(threat: threat, code: code, peer: peer, recent: 1, delay: policy.baseDelay)
    }
    let level = entries[place].peer == peer ? faded(entries[place], at: time) : 0
    // Far above what makes the longest delay.
    entries[place] = Entry(peer: peer, level: min(level, 1 << 24) + 256, time: time)
    return ThreatEvent(
      threat: threat, code: code, peer: peer, recent: (entries[place].level + 128) >> 8,
      delay: delay(ofLevel: entries[place].level))
  }

  /// For how long a peer should be kept waiting, in milliseconds; 0 for everybody who is not in the table.
  public func delay(for peer: UInt64, at time: UInt64) -> UInt32 {
    for index in 0..<capacity where entries[index].level > 0 && entries[index].peer == peer {
      return delay(ofLevel: faded(entries[index], at: time))
    }
    return 0
  }

  /// The place of a peer, or one that it may take.
  private func place(for peer: UInt64, at time: UInt64) -> Int? {
    var least = 0
    var leastLevel = UInt32.max
    for index in 0..<capacity {
      if entries[index].level > 0, entries[index].peer == peer { return index }
      let level = faded(entries[index], at: time)
      if level < leastLevel { (least, leastLevel) = (index, level) }
    }
    return leastLevel < 256 ? least : nil
  }

  /// What is left of a level: halved for each half-life, and along a straight line in between.
  private func faded(_ entry: Entry, at time: UInt64) -> UInt32 {
    guard time > entry.time else { return entry.level }
    let (halves, rest) = (time - entry.time).quotientAndRemainder(dividingBy: UInt64(policy.halfLife))
    guard halves < 32 else { return 0 }
    let level = entry.level >> UInt32(truncatingIfNeeded: halves)
    // Both factors have 32 bits at most.
    return level - UInt32(truncatingIfNeeded: UInt64(level) * rest / (2 * UInt64(policy.halfLife)))
  }

  private func delay(ofLevel level: UInt32) -> UInt32 {
    // Rounded, so that what has just faded a little still counts.
    let count = (level + 128) >> 8
    guard count > policy.tolerance else { return 0 }
    let delay = UInt64(policy.baseDelay) << UInt64(min(count - policy.tolerance - 1, 31))
    return UInt32(truncatingIfNeeded: min(delay, UInt64(policy.maximumDelay)))
  }
}
