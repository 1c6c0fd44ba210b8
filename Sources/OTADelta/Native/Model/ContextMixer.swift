/// Predicts binary decisions by several contexts at once and learns from each, for both directions.
///
/// Each context has adaptive probabilities in a hashed table; their logits are added with weights that are learned
/// too. All of it is integer arithmetic: every machine predicts the same.
///
/// - Note: Source: M. Mahoney, "Adaptive Weighing of Context Models for Lossless Data Compression", 2005.
struct ContextMixer: ~Copyable {
  /// Slots that belong together: one for a check value, fifteen for the decisions of half a byte.
  static var groupSize: Int { 16 }
  /// The most contexts and guesses of one symbol.
  static var maximumInputCount: Int { 20 }

  private var logistic = Logistic()
  /// Probabilities: 22 bits, then a count of 10.
  private let slots: Cells<UInt32>
  private let groupCount: UInt32
  /// How many slots at the end are for flags only, in a small model, which has no groups to spare for them.
  private let flagCount: UInt32
  /// Whether there are such slots.
  private var isSmall: Bool {
    @inline(__always) get { !DecoderProfile.current.hasLargeModels || flagCount > 0 }
  }
  private let weights: Cells<Int32>
  private let memory: LogisticMemory

  private var contexts = InlineArray<20, UInt32>(repeating: 0)
  private var hashes = InlineArray<20, UInt32>(repeating: 0)
  private var bases = InlineArray<20, Int>(repeating: 0)
  private var logits = InlineArray<20, Int32>(repeating: 0)
  private var count = 0

  /// - Parameters:
  ///   - slots: a power of two of zeros, at least one group.
  ///   - weights: as many as ``WeightSet`` says.
  ///   - memory: what is remembered instead of computed, or nothing.
  init(slots: Cells<UInt32>, weights: Cells<Int32>, memory: LogisticMemory) {
    self.slots = slots
    self.weights = weights
    self.memory = memory
    let isSmall = slots.count < 1 << Int(NativeLayout.smallBits)
    flagCount = isSmall ? UInt32(slots.count / 4) : 0
    groupCount = (UInt32(slots.count) - flagCount) / UInt32(ContextMixer.groupSize)
    // About 0.3: half a dozen contexts that agree are believed a little more than one of them.
    for index in 0..<weights.count { weights[index] = 20000 }
    for index in 0..<Int(flagCount) { slots[slots.count - 1 - index] = 1 << 31 }
    memory.fill(&logistic)
  }

  /// Begins a symbol: forgets the contexts of the last one.
  @inline(__always)
  mutating func begin() { count = 0 }

  /// Adds a context of the symbol.
  #if hasFeature(Embedded)
  @inline(never)
  #else
  @inline(__always)
  #endif
  mutating func add(_ context: UInt32) {
    contexts[count] = ContextMixer.mix(context &+ UInt32(truncatingIfNeeded: count) &* 0x9e37_79b9)
    count &+= 1
  }

  #if hasFeature(Embedded)
  @inline(never)
  #else
  @inline(__always)
  #endif
  private static func mix(_ value: UInt32) -> UInt32 {
    var hash = value
    hash = (hash ^ hash >> 16) &* 0x7feb_352d
    hash = (hash ^ hash >> 15) &* 0x846c_a68b
    return hash ^ hash >> 16
  }

  /// Where the slots of a context are; those of another one in their place are given up.
  #if hasFeature(Embedded)
  @inline(never)
  #else
  @inline(__always)
  #endif
  private mutating func group(_ hash: UInt32) -> Int {
    let base = place(hash)
    claim(base, hash)
    return base
  }

  /// Where the slots of a context are.
  @inline(__always)
  private func place(_ hash: UInt32) -> Int {
    let base = place(hash, in: groupCount) * ContextMixer.groupSize
    precondition(base <= slots.count - ContextMixer.groupSize, "outside of the workspace")
    return base
  }

  /// What the first word of the slots of a context is.
  @inline(__always)
  private func check(_ hash: UInt32) -> UInt32 { hash << 8 | 1 }

  /// Gives slots to a context if they are another one's.
  @inline(__always)
  private func claim(_ base: Int, _ hash: UInt32) {
    guard unsafe slots[unchecked: base] != check(hash) else { return }
    unsafe slots[unchecked: base] = check(hash)
    for index in 1..<ContextMixer.groupSize { unsafe slots[unchecked: base + index] = 1 << 31 }
  }

  /// Sets `bases` to the slots of the contexts whose hashes are in `hashes`.
  ///
  /// All of them are looked at before the first is changed: so they come out of slow memory together.
  @inline(__always)
  private mutating func claimAll() {
    var differences: UInt32 = 0
    for index in 0..<count {
      let base = place(hashes[index])
      bases[index] = base
      differences |= unsafe slots[unchecked: base] ^ check(hashes[index])
    }
    guard differences != 0 else { return }
    for index in 0..<count { claim(bases[index], hashes[index]) }
  }

  /// A number below a count that a hash stands for.
  @inline(__always)
  private func place(_ hash: UInt32, in count: UInt32) -> Int {
    Int(truncatingIfNeeded: (UInt64(hash) * UInt64(count)) >> 32)
  }

  /// The slot of a decision that has no neighbours.
  #if hasFeature(Embedded)
  @inline(never)
  #else
  @inline(__always)
  #endif
  private mutating func flag(_ hash: UInt32) -> Int {
    if isSmall { return slots.count - 1 - place(ContextMixer.mix(hash), in: flagCount) }
    // Eight neighbouring contexts share a group, so that a flag does not take a group for itself.
    return group(ContextMixer.mix(hash >> 3)) + 1 + Int(hash & 7)
  }

  #if hasFeature(Embedded)
  @inline(never)
  #else
  @inline(__always)
  #endif
  private mutating func learn(_ slot: Int, _ bit: UInt32, limit: UInt32) {
    let word = slots[slot]
    slots[slot] = learned(word, bit, rate: memory.rate(word & 1023), limit: limit)
  }

  /// What a slot is after a decision.
  @inline(__always)
  private func learned(_ word: UInt32, _ bit: UInt32, rate: UInt32, limit: UInt32) -> UInt32 {
    let probability = Int32(bitPattern: word >> 10)
    let seen = word & 1023
    let wanted: Int32 = bit == 1 ? (1 << 22) - 1 : 0
    let step = Int32(
      truncatingIfNeeded: (Int64(truncatingIfNeeded: wanted &- probability) &* Int64(truncatingIfNeeded: rate))
        >> 16)
    return UInt32(bitPattern: probability &+ step) << 10 | (seen < limit ? seen + 1 : limit)
  }

  /// One decision from the slots at `bases` + `node`, for which the caller set the inputs behind the contexts.
  ///
  /// Bases are those of groups, with a node below ``groupSize``, or of slots, with node 0.
  #if hasFeature(Embedded)
  @inline(never)
  #else
  @inline(__always)
  #endif
  private mutating func decide<Coder: BitCoder & ~Copyable>(
    _ bit: UInt32, node: Int, weightBase: Int, limit: UInt32, inputCount: Int, coder: inout Coder
  ) -> UInt32 {
    // Checked once, not for every access: groups end within the slots, and there are no more inputs than arrays have.
    precondition(
      UInt(bitPattern: node) < UInt(ContextMixer.groupSize) && weightBase >= 0 && count >= 0
        && count <= inputCount
        && inputCount <= ContextMixer.maximumInputCount && weightBase <= weights.count &- inputCount,
      "outside of the workspace")
    let isLookedUp = memory.isLookedUp
    if isLookedUp {
      for index in 0..<count {
        let word = unsafe slots[unchecked: bases[unchecked: index] &+ node]
        unsafe logits[unchecked: index] = memory.lookedUpStretch(word >> 20)
      }
    } else {
      var index = 0
      while index < count {
        let word = unsafe slots[unchecked: bases[unchecked: index] &+ node]
        unsafe logits[unchecked: index] = memory.stretch(word >> 20, &logistic)
        index &+= 1
      }
    }
    var sum: Int64 = 0
    var input = 0
    while input < inputCount {
      let weight = unsafe weights[unchecked: weightBase &+ input]
      sum &+= unsafe Int64(truncatingIfNeeded: logits[unchecked: input]) &* Int64(truncatingIfNeeded: weight)
      input &+= 1
    }
    let probability = min(65535, max(1, logistic.squash(Int32(clamping: sum >> 16))))
    let result = coder.code(bit, probability: probability)
    let error = Int32(bitPattern: result << 16) &- Int32(bitPattern: probability)
    input = 0
    while input < inputCount {
      let change = unsafe (logits[unchecked: input] &* error &+ 1 << 13) >> 14
      unsafe weights[unchecked: weightBase &+ input] &+= change
      input &+= 1
    }
    if isLookedUp {
      for index in 0..<count {
        let slot = unsafe bases[unchecked: index] &+ node
        let word = unsafe slots[unchecked: slot]
        unsafe slots[unchecked: slot] = learned(
          word, result, rate: memory.lookedUpRate(word & 1023), limit: limit)
      }
    } else {
      var index = 0
      while index < count {
        unsafe learn(bases[unchecked: index] &+ node, result, limit: limit)
        index &+= 1
      }
    }
    return result
  }

  /// Codes one decision in the contexts that were added.
  ///
  /// - Parameters:
  ///   - bit: the decision; a decoder passes anything.
  ///   - weightBase: the first of the weights to use.
  ///   - coder: reads or writes it.
  /// - Returns: the decision.
  mutating func codeFlag<Coder: BitCoder & ~Copyable>(
    _ bit: UInt32, weightBase: Int, coder: inout Coder
  ) -> UInt32 {
    if isSmall {
      var index = 0
      while index < count {
        bases[index] = flag(contexts[index])
        index &+= 1
      }
    } else {
      for index in 0..<count { hashes[index] = ContextMixer.mix(contexts[index] >> 3) }
      claimAll()
      for index in 0..<count { bases[index] += 1 + Int(contexts[index] & 7) }
    }
    return decide(bit, node: 0, weightBase: weightBase, limit: 1023, inputCount: count, coder: &coder)
  }

  /// Codes one byte in the contexts that were added.
  ///
  /// - Parameters:
  ///   - byte: the byte; a decoder passes anything.
  ///   - guesses: bytes that are likely, each with a small number for how likely.
  ///   - weightBase: the first of the weights to use, of eight times as many as there are inputs.
  ///   - coder: reads or writes the decisions.
  /// - Returns: the byte.
  mutating func codeByte<Coder: BitCoder & ~Copyable>(
    _ byte: UInt8, guesses: Guesses, weightBase: Int, coder: inout Coder
  ) -> UInt8 {
    var node: UInt32 = 1
    var guessSlots = InlineArray<3, Int>(repeating: 0)
    var guessedBits = InlineArray<3, UInt32>(repeating: 2)
    for index in 0..<guesses.count {
      guessSlots[index] = group(
        ContextMixer.mix(0xabcd_0000 &+ guesses.confidence[index] &* 8 &+ UInt32(index)))
    }
    let inputCount = count &+ guesses.count
    for step in 0..<8 {
      if step & 3 == 0, isSmall {
        var index = 0
        while index < count {
          bases[index] = group(ContextMixer.mix(contexts[index] &+ node &* 0x2545_f491))
          index &+= 1
        }
      } else if step & 3 == 0 {
        for index in 0..<count { hashes[index] = ContextMixer.mix(contexts[index] &+ node &* 0x2545_f491) }
        claimAll()
      }
      let top: UInt32 = 1 << (UInt32(step) & 3)
      for index in 0..<guesses.count {
        let guess = UInt32(guesses.bytes[index]) | 256
        if guess >> UInt32(8 - step) == node {
          let guessed = guess >> UInt32(7 - step) & 1
          guessedBits[index] = guessed
          let logit = memory.stretch(slots[guessSlots[index] &+ 1 &+ step] >> 20, &logistic)
          logits[count &+ index] = guessed == 1 ? logit : 0 &- logit
        } else {
          guessedBits[index] = 2
          logits[count &+ index] = 0
        }
      }
      let bit = decide(
        UInt32(byte >> UInt8(7 - step)) & 1, node: Int(node & (top - 1) | top),
        weightBase: weightBase &+ step &* inputCount, limit: 127, inputCount: inputCount, coder: &coder)
      for index in 0..<guesses.count where guessedBits[index] < 2 {
        learn(guessSlots[index] &+ 1 &+ step, guessedBits[index] == bit ? 1 : 0, limit: 255)
      }
      node = node << 1 | bit
    }
    return UInt8(truncatingIfNeeded: node)
  }

  /// Codes one decision in a single context, without weights.
  private mutating func codeAlone<Coder: BitCoder & ~Copyable>(
    _ bit: UInt32, context: UInt32, coder: inout Coder
  ) -> UInt32 {
    let slot = flag(ContextMixer.mix(context &+ 0x1357_0000))
    let probability = min(65535, max(1, slots[slot] >> 16))
    let result = coder.code(bit, probability: probability)
    learn(slot, result, limit: 60)
    return result
  }

  /// Codes a number: how many bits it has, then the bits, the first three in context.
  ///
  /// - Parameters:
  ///   - number: the number; a decoder passes anything.
  ///   - kind: what it is; numbers of one kind resemble each other.
  ///   - coder: reads or writes the decisions.
  /// - Returns: the number.
  mutating func codeNumber<Coder: BitCoder & ~Copyable>(
    _ number: UInt32, kind: NumberKind, coder: inout Coder
  ) -> UInt32 {
    let context = UInt32(kind.rawValue) &* 0x10001
    let width = UInt32(32 - number.leadingZeroBitCount)
    var coded: UInt32 = 0
    while coded < 32, codeAlone(width > coded ? 1 : 0, context: context &+ coded &* 97, coder: &coder) == 1 {
      coded += 1
    }
    guard coded > 1 else { return coded }
    var value: UInt32 = 1
    var left = coded - 1
    while left > 0 {
      left -= 1
      let bit = number >> left & 1
      let isInContext = coded - left <= 4
      let node = (context &+ coded) &* 64 &+ value &+ 0x8000_0000
      value =
        value << 1
        | (isInContext ? codeAlone(bit, context: node, coder: &coder) : coder.code(bit, probability: 32768))
    }
    return value
  }
}

/// What a number of a patch says.
enum NumberKind: UInt8 {
  case coverGap, coverShift, coverLength, segment, region
}

/// Where the weights of each decision are.
enum WeightSet {
  /// Whether a byte is as expected: four sets of six.
  static func flag(kind: UInt32) -> Int { Int(min(kind, 3)) * 6 }
  /// Whether a group is as expected: two sets of four.
  static func group(isCorrected: Bool) -> Int { 24 + (isCorrected ? 4 : 0) }
  /// A byte that is not as expected: eight sets of seven.
  static var missed: Int { 32 }
  /// A byte outside of covers: eight sets of at most sixteen.
  static var extra: Int { 88 }
  /// All of them.
  static var count: Int { 88 + 8 * 16 }
}

/// Bytes that are likely to come next.
struct Guesses {
  fileprivate var bytes = InlineArray<3, UInt8>(repeating: 0)
  fileprivate var confidence = InlineArray<3, UInt32>(repeating: 0)
  private var added = 0
  /// How many there are; one if matches are not looked for.
  var count: Int { DecoderProfile.current.hasMatches ? added : 1 }

  /// Adds one.
  ///
  /// - Parameters:
  ///   - byte: the byte.
  ///   - confidence: a small number; what it is worth is learned.
  mutating func add(_ byte: UInt8, confidence: UInt32) {
    let index = DecoderProfile.current.hasMatches ? added : 0
    bytes[index] = byte
    self.confidence[index] = confidence
    added += 1
  }
}
