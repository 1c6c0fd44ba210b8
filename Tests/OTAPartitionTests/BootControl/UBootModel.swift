import Foundation
import OTACore
import OTAFlashSimulator
import OTAPartition

/// Environments of U-Boot and a boot script with `BOOT_ORDER`, as their documents have them: an implementation of its
/// own, on bytes.
struct UBootModel: Sendable {
  var copies: [Range<UInt32>]
  var size: Int

  /// A copy as a file or flash has it.
  static func copy(_ variables: [String], flags: UInt8, size: Int) -> [UInt8] {
    var data: [UInt8] = []
    for variable in variables { data += Array(variable.utf8) + [0] }
    data.append(0)
    data += [UInt8](repeating: 0, count: size - 5 - data.count)
    return EspressifModel.little(CRC32.checksum(of: data.span)) + [flags] + data
  }

  /// Flags and variables of a copy, if its checksum is right.
  static func parse(_ bytes: [UInt8]) -> (flags: UInt8, variables: [String: String])? {
    let data = Array(bytes[5...])
    guard CRC32.checksum(of: data.span) == EspressifModel.number(bytes[0..<4]) else { return nil }
    var variables: [String: String] = [:]
    for line in data.split(separator: 0, omittingEmptySubsequences: false) {
      if line.isEmpty { break }
      let parts = String(decoding: line, as: UTF8.self).split(separator: "=", maxSplits: 1)
      if parts.count == 2 { variables[String(parts[0])] = String(parts[1]) }
    }
    return (bytes[4], variables)
  }

  /// The copy that counts.
  func counting(
    on device: SharedFlash
  ) throws(StorageError) -> (place: Int, flags: UInt8, variables: [String: String])? {
    var device = device
    let first = UBootModel.parse(
      try device.bytes(of: copies[0].lowerBound..<copies[0].lowerBound + UInt32(size)))
    let second = UBootModel.parse(
      try device.bytes(of: copies[1].lowerBound..<copies[1].lowerBound + UInt32(size)))
    guard let first else { return second.map { (1, $0.flags, $0.variables) } }
    guard let second else { return (0, first.flags, first.variables) }
    // As U-Boot compares them.
    let isSecond: Bool
    if first.flags == 255, second.flags == 0 {
      isSecond = true
    } else if second.flags == 255, first.flags == 0 {
      isSecond = false
    } else {
      isSecond = second.flags > first.flags
    }
    return isSecond ? (1, second.flags, second.variables) : (0, first.flags, first.variables)
  }

  /// What the boot script would boot.
  static func selected(_ variables: [String: String]) -> SlotIdentifier? {
    for name in (variables["BOOT_ORDER"] ?? "A B").split(separator: " ") {
      guard Int(variables["BOOT_\(name)_LEFT"] ?? "3", radix: 16) ?? 0 > 0 else { continue }
      return name == "A" ? .a : name == "B" ? .b : nil
    }
    return nil
  }

  func selected(on device: SharedFlash) throws(StorageError) -> SlotIdentifier? {
    try counting(on: device).flatMap { UBootModel.selected($0.variables) }
  }

  /// A start: takes an attempt away and saves the environment over the copy that does not count.
  func boot(_ device: SharedFlash) throws(StorageError) -> SlotIdentifier? {
    guard var copy = try counting(on: device), let slot = UBootModel.selected(copy.variables) else {
      return nil
    }
    let name = "BOOT_\(slot == .a ? "A" : "B")_LEFT"
    let left = Int(copy.variables[name] ?? "3", radix: 16) ?? 0
    copy.variables[name] = String(left - 1, radix: 16)
    let lines = copy.variables.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    var device = device
    try device.replace(
      copies[1 - copy.place], with: UBootModel.copy(lines, flags: copy.flags &+ 1, size: size))
    return slot
  }
}
