// A boot loader and the device side of an update, as a client writes them. Generic code is compiled where it is used: this
// client uses all that a device without a heap needs, and Scripts/check-embedded compiles it with a compiler that
// refuses heap allocation.

public import OTACore
import OTACrypto
public import OTAPartition

/// The driver of the board.
///
/// A real one talks to the controller of the flash; this one keeps the rules and a few bytes.
public struct BoardFlash: Flash {
  /// Sizes and rules of the part.
  public let geometry: FlashGeometry
  private var bytes = InlineArray<256, UInt8>(repeating: 0xff)

  /// Takes the sizes and rules of the part.
  public init(_ geometry: FlashGeometry) { self.geometry = geometry }

  /// Reads bytes.
  public mutating func read(into destination: inout MutableSpan<UInt8>, at offset: UInt32) throws(FlashError)
  {
    try geometry.checkRead(at: offset, count: destination.count)
    for index in 0..<destination.count { destination[index] = bytes[(Int(offset) + index) % 256] }
  }

  /// Writes bytes.
  public mutating func write(_ source: Span<UInt8>, at offset: UInt32) throws(FlashError) {
    try geometry.checkWrite(at: offset, count: source.count)
    for index in 0..<source.count { bytes[(Int(offset) + index) % 256] &= source[index] }
  }

  /// Erases blocks.
  public mutating func erase(_ range: Range<UInt32>) throws(FlashError) {
    try geometry.checkErase(range)
    for index in 0..<256 { bytes[index] = geometry.erasedByte }
  }
}

/// The whole of a boot loader that has a golden image.
///
/// - Returns: where to jump to; `nil` if nothing verifies.
public func bootAddress(
  of flash: BoardFlash, layout: DeviceLayout, golden: Range<UInt32>, image: ImageDescription
) -> UInt32? {
  do throws(StartError) {
    let start = try BootLoader.start(
      layout: layout, recovery: RecoveryPartition(golden, authority: CompiledInImage(image)),
      hash: SHA256.self
    ) { flash }
    switch consume start {
    case .image(let decision, let storage): return storage.range(of: decision.slot).lowerBound
    case .recovery(let decision): return decision.image.firmware.lowerBound
    }
  } catch {
    return nil
  }
}

/// An update on a device: planned, staged, verified, activated.
public func install(
  _ manifest: borrowing VerifiedManifest, offer: Offer, payload: Span<UInt8>,
  on storage: inout DeviceStorage<JoinedFlash<BoardFlash, BoardFlash>>
) throws(StorageError) {
  var writer = try storage.beginStaging(manifest, offer: offer)
  try storage.write(payload, with: &writer)
  let staged = try storage.finish(writer)
  try storage.activate(try storage.verify(staged, using: SHA256.self), attempts: 3)
}

/// What the application does with an image on trial.
public func judge(
  _ isHealthy: Bool, on storage: inout DeviceStorage<JoinedFlash<BoardFlash, BoardFlash>>
) throws(StorageError) {
  if isHealthy { return try storage.confirm() }
  do throws(StorageError) {
    try storage.revert(.healthCheckFailed, verifying: SHA256.self)
  } catch {
    guard error == .slotEmpty else { throw error }
    try storage.keep(.healthCheckFailed, verifying: SHA256.self)
  }
}

/// Boots with slot b on a second device, and a watchdog that is fed in everything that takes long.
public func bootFromTwoDevices(
  _ flash: consuming JoinedFlash<BoardFlash, BoardFlash>, layout: DeviceLayout
) -> SlotIdentifier? {
  guard var storage = try? DeviceStorage(opening: flash, layout: layout) else { return nil }
  return try? BootManager.boot(&storage, hash: SHA256.self).slot
}

/// Looks up where slots and journal are, in a table that is kept twice.
public func layout(
  on flash: inout BoardFlash, copyA: Range<UInt32>, copyB: Range<UInt32>
) throws(StorageError) -> DeviceLayout {
  do throws(LayoutError) {
    var store = try PartitionTableStore(copyA: copyA, copyB: copyB, on: flash.geometry)
    let table = try tableOrNone(of: &store, on: &flash)
    return try DeviceLayout(table, strategy: .swapByOffset, on: flash.geometry)
  } catch {
    throw .layout(error)
  }
}

private func tableOrNone(
  of store: inout PartitionTableStore, on flash: inout BoardFlash
) throws(LayoutError) -> PartitionTable {
  guard let table = try? store.read(from: &flash) else { throw .missingPartition }
  return table
}
