import Foundation
import OTACore
import Testing

@Suite("Error codes")
struct ErrorCodeTests {
  /// A row of the table in Docs/ErrorCodes.md.
  struct Row {
    var number: String
    var name: String
    var cause: String
    var remedy: String
  }

  static let document = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
    .appending(path: "Docs/ErrorCodes.md")

  static func rows() throws -> [Row] {
    try String(contentsOf: document, encoding: .utf8).split(separator: "\n").compactMap { line in
      let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
      guard cells.count == 4, cells[0].hasPrefix("`0x") else { return nil }
      return Row(
        number: cells[0].replacing("`", with: ""), name: cells[1].replacing("`", with: ""), cause: cells[2],
        remedy: cells[3])
    }
  }

  @Test("the document has one row for every code, in order, with number and name")
  func documented() throws {
    let rows = try Self.rows()
    let expected = ErrorCode.allCases.sorted { $0.rawValue < $1.rawValue }
    #expect(
      rows.map { "\($0.number) \($0.name)" }
        == expected.map { "0x" + String(format: "%04X", $0.rawValue) + " \($0)" })
  }

  @Test("every row says what happened and what to do, in sentences")
  func explained() throws {
    for row in try Self.rows() {
      for text in [row.cause, row.remedy] {
        #expect(text.count >= 20 && text.hasSuffix("."), "\(row.number) \(row.name): \(text)")
      }
    }
  }

  @Test("numbers are never zero, which means no error, and name their layer in the high byte")
  func numbers() {
    #expect(Set(ErrorCode.allCases.map(\.rawValue)).count == ErrorCode.allCases.count)
    for code in ErrorCode.allCases {
      #expect((0x01...0x09).contains(code.rawValue >> 8), "\(code)")
      #expect(code.rawValue & 0xff != 0, "\(code)")
    }
  }

  @Test("numbers that were once published stay what they are")
  func stable() {
    let published: [(UInt16, ErrorCode)] = [
      (0x0101, .truncated), (0x0108, .checksumMismatch), (0x0202, .authenticationFailed),
      (0x0308, .sequenceNumberReplayed),
      (0x030B, .imageDigestMismatch), (0x0401, .payloadDigestMismatch), (0x0505, .flashPowerLost),
      (0x050C, .slotInUse),
      (0x0603, .healthCheckFailed), (0x0702, .transportInterrupted), (0x080A, .addressInUse),
    ]
    for (number, code) in published { #expect(code.rawValue == number) }
  }

  @Test("every kind of parse error has a code of its own, of the first layer")
  func parseErrors() {
    let kinds = (0...255).compactMap { ParseError.Kind(rawValue: $0) }
    let codes = kinds.map { ParseError($0, at: 0).code }
    #expect(kinds.count == 8)
    #expect(Set(codes).count == kinds.count)
    for (kind, code) in zip(kinds, codes) { #expect("\(kind)" == "\(code)" && code.rawValue >> 8 == 0x01) }
  }

  @Test("every transport error has a code of its own, of the seventh layer")
  func transportErrors() {
    let errors: [TransportError] = [
      .unreachable, .interrupted, .timeout, .status(500), .responseTooLarge, .rangeIgnored, .malformed,
    ]
    #expect(Set(errors.map(\.code)).count == errors.count)
    for error in errors { #expect(error.code.rawValue >> 8 == 0x07) }
    #expect(TransportError.status(404).code == TransportError.status(500).code)
  }

  @Test("a parse error says what and where")
  func description() {
    #expect(ParseError(.truncated, at: 17).description == "truncated at byte 17")
  }
}
