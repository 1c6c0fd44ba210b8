import OTAAgent
import OTAFlashSimulator
import OTAPartition
import Synchronization

/// A disk with a cache that loses its power: of every logical block that was written since the last flush, the old
/// contents or any of the new ones are left.
final class ModelDisk: Sendable {
  /// What a disk may do wrong; without it, what `BlockDeviceFlash` assumes of a disk is what it breaks.
  enum Defect: CaseIterable {
    /// A block that is being written is left half old, half new.
    case tearsBlocks
    /// A flush does nothing.
    case ignoresFlush
  }

  /// Where the power goes.
  struct Cut {
    /// The number of the call, from 0, that changes or flushes.
    var call: Int
    /// For each write since the last flush, whether it is on the disk; counts from the last bit, and repeats.
    var kept: UInt64
  }

  private struct Write {
    var block: Int
    var bytes: [UInt8]
  }

  private struct State {
    var durable: [UInt8]
    var cache: [Write] = []
    var calls = 0
    /// For each call, how many blocks were in the cache at its end.
    var pending: [Int] = []
    var cut: Cut?
    var isPowered = true
  }

  let blockSize: UInt32
  private let defect: Defect?
  private let state: Mutex<State>

  init(_ contents: [UInt8], blockSize: UInt32, defect: Defect? = nil, cut: Cut? = nil) {
    self.blockSize = blockSize
    self.defect = defect
    state = Mutex(State(durable: contents, cut: cut))
  }

  /// What is on the disk, after a loss of power or without one.
  var contents: [UInt8] {
    state.withLock { state in
      state.isPowered ? Self.apply(state.cache, to: state.durable) : state.durable
    }
  }

  /// For each call so far, how many blocks were in the cache.
  var pending: [Int] { state.withLock { $0.pending } }

  private static func apply(_ writes: [Write], to bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    for write in writes {
      let start = write.block * write.bytes.count
      bytes.replaceSubrange(start..<start + write.bytes.count, with: write.bytes)
    }
    return bytes
  }

  /// Ends a call: the power may go in it.
  private func endCall(_ state: inout State, flushing: Bool) throws(FlashError) {
    defer { state.calls += 1 }
    state.pending.append(state.cache.count)
    if let cut = state.cut, cut.call == state.calls {
      var kept: [Write] = []
      for (index, write) in state.cache.enumerated() where cut.kept >> UInt64(index % 64) & 1 != 0 {
        kept.append(write)
      }
      if defect == .tearsBlocks, let last = state.cache.last {
        // A head that lost its way in the middle of a sector: neither the old bytes nor the new ones.
        let torn = last.bytes.enumerated().map { $0.offset < last.bytes.count / 2 ? 0x5a : $0.element }
        kept.append(Write(block: last.block, bytes: torn))
      }
      state.durable = Self.apply(kept, to: state.durable)
      state.isPowered = false
      throw .powerLost
    }
    if flushing, defect != .ignoresFlush {
      state.durable = Self.apply(state.cache, to: state.durable)
      state.cache = []
    }
  }

  /// An opened disk.
  struct Handle: BlockStore, Sendable {
    let disk: ModelDisk
    var blockSize: UInt32 { disk.blockSize }

    mutating func read(into destination: inout MutableSpan<UInt8>, at offset: UInt64) throws(FlashError) {
      // The bytes are shared, not copied, while the cache is empty.
      let bytes: [UInt8]? = disk.state.withLock { state in
        state.isPowered ? ModelDisk.apply(state.cache, to: state.durable) : nil
      }
      guard let bytes else { throw .powerLost }
      let start = Int(offset)
      for index in 0..<destination.count { destination[index] = bytes[start + index] }
    }

    mutating func write(_ blocks: Span<UInt8>, at offset: UInt64) throws(FlashError) {
      let size = Int(disk.blockSize)
      precondition(Int(offset) % size == 0 && blocks.count % size == 0, "whole logical blocks")
      let bytes = (0..<blocks.count).map { blocks[$0] }
      try disk.state.withLock { (state) throws(FlashError) in
        guard state.isPowered else { throw .powerLost }
        for start in stride(from: 0, to: bytes.count, by: size) {
          let block = (Int(offset) + start) / size
          state.cache.append(Write(block: block, bytes: Array(bytes[start..<start + size])))
        }
        try disk.endCall(&state, flushing: false)
      }
    }

    mutating func flush(_ range: Range<UInt64>) throws(FlashError) {
      try disk.state.withLock { (state) throws(FlashError) in
        guard state.isPowered else { throw .powerLost }
        try disk.endCall(&state, flushing: true)
      }
    }
  }

  /// Opens the disk as flash.
  func flash(eraseBlockSize: UInt32) throws -> BlockFlash<Handle> {
    let size = UInt32(state.withLock { $0.durable.count })
    return try BlockFlash(
      Handle(disk: self), eraseBlockSize: eraseBlockSize, blockCount: size / eraseBlockSize)
  }

  /// The ways in which the power may go in a scenario: every subset of few blocks, some of many.
  static func cuts(pending: [Int], using random: inout SplitMix64) -> [Cut] {
    pending.enumerated().flatMap { call, count in
      let subsets: [UInt64] =
        count <= 3
        ? Array(0..<UInt64(1) << UInt64(count))
        : [0, .max] + (0..<8).map { _ in random.next() }
      return subsets.map { Cut(call: call, kept: $0) }
    }
  }
}
