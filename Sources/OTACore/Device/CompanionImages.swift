/// The images of a slot beside its first one: a second core, a radio, a bit stream.
///
/// They belong to the slot: what boots is all images of slot a, or all images of slot b, never some of each.
public struct CompanionImages: Equatable, Sendable {
  /// The most images that a slot has beside its first one.
  public static var maximumCount: Int { 3 }

  private var first: ImageDescription?
  private var second: ImageDescription?
  private var third: ImageDescription?

  /// None.
  public init() {}

  /// Takes the images in the order of the device's layout.
  public init(_ first: ImageDescription, _ second: ImageDescription? = nil, _ third: ImageDescription? = nil)
  {
    self.first = first
    self.second = second ?? third
    self.third = second == nil ? nil : third
  }

  /// How many there are.
  public var count: Int {
    guard first != nil else { return 0 }
    guard second != nil else { return 1 }
    return third == nil ? 2 : 3
  }

  /// The image with this index; `nil` if there are not so many.
  public subscript(index: Int) -> ImageDescription? {
    switch index {
    case 0: first
    case 1: second
    case 2: third
    default: nil
    }
  }

  /// Adds an image behind the others.
  ///
  /// - Throws: kind ``ParseError/Kind/capacityExceeded`` if there are ``maximumCount`` already.
  public mutating func append(_ image: ImageDescription) throws(ParseError) {
    switch count {
    case 0: first = image
    case 1: second = image
    case 2: third = image
    case let count: throw ParseError(.capacityExceeded, at: count)
    }
  }
}

extension CompanionImages {
  func serialize(into writer: inout ByteWriter) throws(ParseError) {
    try writer.write(byte: UInt8(truncatingIfNeeded: count))
    for index in 0..<count {
      guard let image = self[index] else { return }
      try image.serialize(into: &writer)
    }
  }

  init(parsing cursor: inout ByteCursor) throws(ParseError) {
    self.init()
    let offset = cursor.offset
    let count = Int(try cursor.readByte())
    guard count <= CompanionImages.maximumCount else { throw ParseError(.invalidValue, at: offset) }
    for _ in 0..<count { try append(try ImageDescription(parsing: &cursor)) }
  }
}
