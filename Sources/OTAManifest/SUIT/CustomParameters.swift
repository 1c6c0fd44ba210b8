import OTACore

// The parameters for private use. Each is a byte string that wraps one CBOR item, because the draft allows no
// structure as a value. Source: project decision, Docs/ManifestFormat.md.

extension SUITParameters.Custom {
  /// `[lowest, highest]`, both included.
  func hardwareRevisions() throws(ManifestError) -> ClosedRange<UInt32> {
    let bytes = try contents()
    var reader = CBORReader(bytes.span)
    try expectArray(of: 2, &reader)
    let low = try readUInt32(&reader)
    let high = try readUInt32(&reader)
    try requireEnd(reader)
    guard low <= high else { throw .malformed(ParseError(.invalidValue, at: 0)) }
    return low...high
  }

  /// `[major, minor, patch]`.
  func version() throws(ManifestError) -> Version {
    let bytes = try contents()
    var reader = CBORReader(bytes.span)
    try expectArray(of: 3, &reader)
    let major = try readUInt32(&reader)
    let minor = try readUInt32(&reader)
    let patch = try readUInt32(&reader)
    try requireEnd(reader)
    return Version(major, minor, patch)
  }

  /// `[+ [component, sequence number]]`.
  func dependencies(limits: Limits) throws(ManifestError) -> [Dependency] {
    let bytes = try contents()
    var reader = CBORReader(bytes.span, limits: limits)
    let count = try readArrayHeader(&reader)
    guard count > 0 else { throw .invalid(.dependencies) }
    guard count <= Manifest.maximumDependencyCount else { throw .limitExceeded(.dependencies) }
    var dependencies: [Dependency] = []
    for _ in 0..<count {
      try expectArray(of: 2, &reader)
      let component = ComponentIdentifier(bytes: try readBytes(&reader, limit: limits.stringSize))
      let number = SequenceNumber(try readUnsigned(&reader))
      dependencies.append(Dependency(component: component, minimumSequenceNumber: number))
    }
    try requireEnd(reader)
    return dependencies
  }

  private func contents() throws(ManifestError) -> [UInt8] {
    var reader = CBORReader(value.span)
    return try readBytes(&reader, limit: value.count)
  }

  private func expectArray(of count: Int, _ reader: inout CBORReader) throws(ManifestError) {
    let start = reader.offset
    guard try readArrayHeader(&reader) == count else {
      throw .malformed(ParseError(.invalidValue, at: start))
    }
  }
}
