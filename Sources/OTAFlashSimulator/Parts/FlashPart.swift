public import OTAPartition

/// A board as data: its flash devices, and a standard way to divide them.
///
/// A part with two devices offers them one behind the other, as ``combinedGeometry()``: as `JoinedFlash` does with their
/// drivers. The device core works on that one device.
public struct FlashPart: Sendable, CustomStringConvertible {
  /// A range of bytes on one of the devices.
  public struct Area: Equatable, Sendable {
    /// The index of the device.
    public var device: Int
    /// Its bytes, from the start of that device.
    public var range: Range<UInt32>

    /// Takes both; device 0 unless said otherwise.
    public init(_ range: Range<UInt32>, on device: Int = 0) {
      self.device = device
      self.range = range
    }
  }

  /// The two slots of one image.
  public struct Slots: Equatable, Sendable {
    /// Slot a, the primary one.
    public var a: Area
    /// Slot b, the secondary one.
    public var b: Area

    /// Takes both.
    public init(a: Area, b: Area) {
      self.a = a
      self.b = b
    }
  }

  /// What is where.
  public struct Layout: Equatable, Sendable {
    /// The way of updating that it is made for.
    public var name: String
    /// The boot loader.
    public var boot: Area
    /// The slots of each image; one image at least.
    public var images: [Slots]
    /// Room to swap blocks of the slots, at least as large as the largest of them; `nil` if the way needs none.
    public var scratch: Area?
    /// The first area of the journal.
    public var journalA: Area
    /// The second area of the journal.
    public var journalB: Area

    /// Takes all parts.
    public init(
      name: String, boot: Area, images: [Slots], scratch: Area?, journalA: Area, journalB: Area
    ) {
      self.name = name
      self.boot = boot
      self.images = images
      self.scratch = scratch
      self.journalA = journalA
      self.journalB = journalB
    }

    /// Every area, for those that look for overlaps.
    public var areas: [Area] {
      [boot] + images.flatMap { [$0.a, $0.b] } + (scratch.map { [$0] } ?? []) + [journalA, journalB]
    }
  }

  /// A short name that does not change.
  public var name: String
  /// Where sizes and layout are from.
  public var source: String
  /// The devices, internal flash first.
  public var devices: [FlashGeometry]
  /// What is where.
  public var layout: Layout

  /// Takes all parts.
  public init(name: String, source: String, devices: [FlashGeometry], layout: Layout) {
    self.name = name
    self.source = source
    self.devices = devices
    self.layout = layout
  }

  /// The name, and the rules of the first device.
  public var description: String {
    guard let device = devices.first else { return name }
    let erased = device.erasedByte == 0 ? "0x00" : "0xff"
    let cells = device.isMultiwrite ? "multi-write" : "single-write"
    return "\(name), units of \(device.writeSize), erased to \(erased), \(cells)"
  }

  /// All devices one behind the other.
  ///
  /// - Returns: a device with the largest unit of writing and of reading of any, and multi-write only if all are.
  /// - Throws: `LayoutError.invalidGeometry` if there is no device, they have more than
  ///   `FlashGeometry.maximumRegionCount` regions or 4 GiB, they read differently when erased, or a block is no multiple
  ///   of the unit.
  public func combinedGeometry() throws(LayoutError) -> FlashGeometry {
    guard let first = devices.first, devices.allSatisfy({ $0.erasedByte == first.erasedByte }) else {
      throw .invalidGeometry
    }
    var regions: [FlashGeometry.Region] = []
    for device in devices { regions += (0..<device.regionCount).map(device.region) }
    let writeSize = devices.reduce(1) { max($0, $1.writeSize) }
    let readSize = devices.reduce(1) { max($0, $1.readSize) }
    return try FlashGeometry(
      regions: regions.span, writeSize: writeSize, readSize: readSize, erasedByte: first.erasedByte,
      isMultiwrite: devices.allSatisfy(\.isMultiwrite))
  }

  /// Where an area is on ``combinedGeometry()``.
  ///
  /// - Parameter area: one of this part.
  /// - Returns: its bytes, from the start of the first device.
  /// - Throws: `LayoutError.outOfBounds` if there is no such device, or it has no such bytes.
  public func range(of area: Area) throws(LayoutError) -> Range<UInt32> {
    guard devices.indices.contains(area.device), area.range.upperBound <= devices[area.device].capacity else {
      throw .outOfBounds
    }
    var start: UInt32 = 0
    for device in devices[..<area.device] {
      let (end, overflow) = start.addingReportingOverflow(device.capacity)
      guard !overflow else { throw .outOfBounds }
      start = end
    }
    let (end, overflow) = start.addingReportingOverflow(area.range.upperBound)
    guard !overflow else { throw .outOfBounds }
    return start + area.range.lowerBound..<end
  }

  /// The slots of one image and the journal, as the device core takes them, on ``combinedGeometry()``.
  ///
  /// - Parameter image: its index in ``Layout/images``.
  /// - Returns: the layout, checked.
  /// - Throws: `LayoutError.missingPartition` if there is no such image; what ``combinedGeometry()``, ``range(of:)`` and
  ///   the initialiser of `DeviceLayout` throw.
  public func deviceLayout(ofImage image: Int = 0) throws(LayoutError) -> DeviceLayout {
    guard layout.images.indices.contains(image) else { throw .missingPartition }
    return try DeviceLayout(
      slotA: range(of: layout.images[image].a), slotB: range(of: layout.images[image].b),
      journalA: range(of: layout.journalA), journalB: range(of: layout.journalB), on: combinedGeometry())
  }

  /// The same blocks and layout under other rules, on all devices.
  ///
  /// - Parameters:
  ///   - writeSize: the unit of writing: 1, 2, 4, 8, 16 or 32.
  ///   - erasedByte: what an erased byte reads as: 0xff or 0x00.
  ///   - isMultiwrite: whether a unit may be written again, combining the bits.
  /// - Returns: the part, with a unit of reading that is at most that of writing.
  /// - Throws: `LayoutError.invalidGeometry` for a unit or an erased byte that no device can have.
  public func with(
    writeSize: UInt32, erasedByte: UInt8, isMultiwrite: Bool
  ) throws(LayoutError) -> FlashPart {
    var part = self
    for (index, device) in devices.enumerated() {
      let regions = (0..<device.regionCount).map(device.region)
      part.devices[index] = try FlashGeometry(
        regions: regions.span, writeSize: writeSize, readSize: min(device.readSize, writeSize),
        erasedByte: erasedByte, isMultiwrite: isMultiwrite)
    }
    return part
  }
}
