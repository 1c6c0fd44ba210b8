import Testing

@testable import OTADelta

/// An instruction at an address, what it means, and how it is written elsewhere; encodings are those of the manuals.
struct FieldExpectation: CustomStringConvertible, Sendable {
  var name: String
  var kind: FieldKind
  var code: UInt64
  var address: UInt32
  var target: UInt32
  /// The same instruction for another place and another target.
  var newAddress: UInt32
  var newTarget: UInt32
  var newCode: UInt64?

  init(
    _ name: String, _ kind: FieldKind, _ code: UInt64, at address: UInt32, to target: UInt32,
    moved newAddress: UInt32, _ newTarget: UInt32, _ newCode: UInt64?
  ) {
    self.name = name
    self.kind = kind
    self.code = code
    self.address = address
    self.target = target
    self.newAddress = newAddress
    self.newTarget = newTarget
    self.newCode = newCode
  }

  var description: String { name }

  /// Checks a field that was found.
  func check(_ field: AddressField, length: UInt32) {
    #expect(field.kind == kind)
    #expect(field.length == length)
    #expect(field.bits == code)
    #expect(field.target == target)
    #expect(field.bits(address: address, target: target, base: 0) == code, "not the same at the same place")
    #expect(field.bits(address: newAddress, target: newTarget, base: 0) == newCode)
  }
}
