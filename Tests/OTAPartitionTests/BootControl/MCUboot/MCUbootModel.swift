import OTACore
import OTAFlashSimulator
import OTAPartition

/// The decisions of MCUboot as its documents have them: an implementation of its own, on bytes.
///
/// Moving images is not modelled: MCUboot resumes it after a cut before anything else runs, so that an agent never sees
/// the middle of it. It is done here at once, without an operation that could be cut.
struct MCUbootModel: Sendable {
  typealias Mode = MCUbootTrailer<SharedFlash>.Mode

  var mode: Mode
  var geometry: FlashGeometry
  var alignment: UInt32
  var primary: Range<UInt32>
  var secondary: Range<UInt32>
  var imageNumber: UInt8 = 0

  /// A trailer as `design.md` words it.
  struct Trailer: Equatable {
    enum Word { case good, set, unset, bad }
    var magic: Word
    var copyDone: Word
    var imageOK: Word
  }

  // MARK: Layout

  /// Offsets from the start of a slot of this size, as the macros of `bootutil_misc.h` compute them.
  func offsets(_ size: UInt32) -> (magic: UInt32, imageOK: UInt32, copyDone: UInt32, swapInfo: UInt32) {
    let magic = size - 16
    let imageOK = (magic - alignment) / alignment * alignment
    return (magic, imageOK, imageOK - alignment, imageOK - 2 * alignment)
  }

  var magic: [UInt8] {
    alignment == 8
      ? [
        0x77, 0xc2, 0x95, 0xf3, 0x60, 0xd2, 0xef, 0x7f, 0x35, 0x52, 0x50, 0x0f, 0x2c, 0xb6, 0x79, 0x80,
      ]
      : [
        UInt8(alignment), 0, 0x2d, 0xe1, 0x5d, 0x29, 0x41, 0x0b, 0x8d, 0x77, 0x67, 0x9c, 0x11, 0x0f, 0x1f,
        0x8a,
      ]
  }

  /// An image without a hash or signature: magic number, header, eight bytes of firmware, an empty area of TLVs.
  static func image(_ major: UInt8, size: Int = 8) -> [UInt8] {
    var bytes: [UInt8] = [0x3d, 0xb8, 0xf3, 0x96, 0, 0, 0, 0, 32, 0, 0, 0]
    bytes += EspressifModel.little(UInt32(size)) + [0, 0, 0, 0, major, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    return bytes + [UInt8](repeating: major, count: size) + [0x07, 0x69, 4, 0]
  }

  /// A slot with an image and a trailer; a field that is `nil` is erased.
  func slot(
    _ range: Range<UInt32>, image: [UInt8]?, at start: Int = 0, hasMagic: Bool, swapInfo: UInt8? = nil,
    copyDone: UInt8? = nil, imageOK: UInt8? = nil
  ) -> [UInt8] {
    var bytes = [UInt8](repeating: geometry.erasedByte, count: range.count)
    if let image { bytes.replaceSubrange(start..<start + image.count, with: image) }
    let offsets = offsets(UInt32(range.count))
    if hasMagic { bytes.replaceSubrange(Int(offsets.magic)..<range.count, with: magic) }
    for (value, offset) in [
      (swapInfo, offsets.swapInfo), (copyDone, offsets.copyDone), (imageOK, offsets.imageOK),
    ] {
      if let value { bytes[Int(offset)] = value }
    }
    return bytes
  }

  func trailer(_ slot: [UInt8]) -> Trailer {
    let offsets = offsets(UInt32(slot.count))
    func flag(_ offset: UInt32) -> Trailer.Word {
      slot[Int(offset)] == geometry.erasedByte ? .unset : slot[Int(offset)] == 1 ? .set : .bad
    }
    let found = Array(slot[Int(offsets.magic)...])
    return Trailer(
      magic: found == magic ? .good : found.allSatisfy { $0 == geometry.erasedByte } ? .unset : .bad,
      copyDone: flag(offsets.copyDone), imageOK: flag(offsets.imageOK))
  }

  /// The major version of the image that begins at an offset; `nil` without one.
  private func version(_ slot: [UInt8], at start: Int = 0) -> UInt8? {
    Array(slot[start..<start + 4]) == [0x3d, 0xb8, 0xf3, 0x96] ? slot[start + 20] : nil
  }

  private var updateStart: Int {
    mode == .swapUsingOffset ? (geometry.eraseBlock(containing: secondary.lowerBound)?.count ?? 0) : 0
  }

  // MARK: Decisions

  private enum Decision { case none, test, permanent, revert }

  /// The states I to VI of "New swaps", in their order.
  private func decide(_ first: Trailer, _ second: Trailer) -> Decision {
    let rules: [(Decision, Bool)] = [
      (
        .revert,
        mode == .swapUsingOffset && second.magic == .good && second.imageOK == .unset
          && second.copyDone == .set
      ),
      (.test, second.magic == .good && second.imageOK == .unset),
      (.permanent, second.magic == .good && second.imageOK == .set),
      (.revert, first.magic == .good && first.imageOK == .unset && first.copyDone == .set),
    ]
    return rules.first { $0.1 }?.0 ?? .none
  }

  private func slots(on device: SharedFlash) throws(StorageError) -> ([UInt8], [UInt8]) {
    var device = device
    return (try device.bytes(of: primary), try device.bytes(of: secondary))
  }

  /// The major version that the next start would run.
  func selected(on device: SharedFlash) throws(StorageError) -> UInt8? {
    let (first, second) = try slots(on: device)
    return start(first, second)?.runs
  }

  /// The major version that is in a slot now.
  func version(in slot: SlotIdentifier, on device: SharedFlash) throws(StorageError) -> UInt8? {
    let (first, second) = try slots(on: device)
    return slot == .a ? version(first) : version(second, at: mode == .directXIP ? 0 : movedBack(second))
  }

  /// Where the image in the secondary slot is: an update may begin at the second block, the one before at the first.
  private func movedBack(_ slot: [UInt8]) -> Int { version(slot, at: updateStart) == nil ? 0 : updateStart }

  /// A start.
  ///
  /// - Returns: the major version that runs.
  func boot(_ device: SharedFlash) throws(StorageError) -> UInt8? {
    let (first, second) = try slots(on: device)
    guard let start = start(first, second) else { return nil }
    if start.first == nil, start.second == nil { return start.runs }
    device.withFlash { flash in
      var bytes = flash.contents
      if let slot = start.first {
        bytes.replaceSubrange(Int(primary.lowerBound)..<Int(primary.upperBound), with: slot)
      }
      if let slot = start.second {
        bytes.replaceSubrange(Int(secondary.lowerBound)..<Int(secondary.upperBound), with: slot)
      }
      flash.setContents(bytes)
    }
    return start.runs
  }

  private struct Start {
    var runs: UInt8
    /// What the slots become; `nil` if they stay.
    var first: [UInt8]?
    var second: [UInt8]?
  }

  private func start(_ first: [UInt8], _ second: [UInt8]) -> Start? {
    if mode == .directXIP { return startInPlace(first, second) }
    let decision = decide(trailer(first), trailer(second))
    let old = version(first)
    let new = version(second, at: movedBack(second))
    guard decision != .none, let new else { return old.map { Start(runs: $0) } }
    if mode == .overwriteOnly {
      return Start(
        runs: new, first: slot(primary, image: Self.image(new), hasMagic: true),
        second: slot(secondary, image: nil, hasMagic: false))
    }
    let type: UInt8 = decision == .test ? 2 : decision == .permanent ? 3 : 4
    return Start(
      runs: new,
      first: slot(
        primary, image: Self.image(new), hasMagic: true, swapInfo: type | imageNumber << 4, copyDone: 1,
        imageOK: decision == .test ? nil : 1),
      // Swapping with an offset, what goes out begins at the first block, and what comes back at the second.
      second: slot(
        secondary, image: old.map { Self.image($0) }, at: decision == .revert ? updateStart : 0,
        hasMagic: false))
  }

  /// "Revert mechanism in direct-xip and ram-load mode".
  private func startInPlace(_ first: [UInt8], _ second: [UInt8]) -> Start? {
    var slots = [first, second]
    let ranges = [primary, secondary]
    var changed = [false, false]
    while let newest = slots.indices.filter({ version(slots[$0]) != nil }).max(by: {
      // Of equal versions the primary slot.
      (version(slots[$0]) ?? 0, -$0) < (version(slots[$1]) ?? 0, -$1)
    }) {
      let found = trailer(slots[newest])
      if found.magic != .good || (found.copyDone == .set && found.imageOK != .set) {
        slots[newest] = slot(ranges[newest], image: nil, hasMagic: false)
        changed[newest] = true
        continue
      }
      if found.copyDone != .set {
        slots[newest][Int(offsets(UInt32(slots[newest].count)).copyDone)] = 1
        changed[newest] = true
      }
      return Start(
        runs: version(slots[newest]) ?? 0, first: changed[0] ? slots[0] : nil,
        second: changed[1] ? slots[1] : nil)
    }
    return nil
  }
}
