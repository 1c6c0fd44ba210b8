import OTACore
import OTACrypto

extension SUITProcessor where Platform: ~Copyable, Hash: ~Copyable {
  /// Finds the components of a manifest on the platform, and enters those that are new into the table of all.
  ///
  /// - Note: Source: draft-ietf-suit-manifest-37, section 6.2; draft-ietf-suit-trust-domains-11, section 4.2.2. A
  ///   dependency whose index is behind the list has its prefix for a name, as in that draft's examples.
  @_lifetime(self: copy self)
  mutating func register(_ manifest: Int, on platform: inout Platform) throws(SUITStop) {
    let outline = manifests[manifest].outline
    guard outline.componentCount <= SUITProcessor.maximumComponentCount else {
      throw .failed(.limitExceeded(.components))
    }
    var position = outline.components.start
    for index in 0..<outline.componentCount {
      let name: SUITRange
      do throws(ManifestError) {
        name = try nextName(outline.components, &position)
      } catch {
        throw .refused(error)
      }
      try enter(name, as: index, manifest, on: &platform)
    }
    manifests[manifest].count = outline.componentCount
    position = outline.dependencies.start
    for _ in 0..<outline.dependencyCount {
      let dependency: (index: Int, prefix: SUITRange)
      do throws(ManifestError) {
        dependency = try nextDependency(outline.dependencies, &position)
      } catch {
        throw .refused(error)
      }
      let count = manifests[manifest].count
      guard dependency.index <= count, dependency.index < SUITProcessor.maximumComponentCount else {
        throw .refused(.unknownComponent)
      }
      if dependency.index == count {
        guard !dependency.prefix.isEmpty else { throw .refused(.unknownComponent) }
        try enter(dependency.prefix, as: count, manifest, on: &platform)
        manifests[manifest].count = count + 1
      }
      manifests[manifest].dependencies |= 1 << UInt16(truncatingIfNeeded: dependency.index)
    }
    guard manifests[manifest].count > 0 else { throw .refused(.missingMember(SUITKey.components)) }
  }

  /// What stands before the names of a dependency's components.
  @_lifetime(self: copy self)
  mutating func prefix(of index: Int, _ manifest: Int) throws(SUITStop) -> SUITRange {
    let outline = manifests[manifest].outline
    var position = outline.dependencies.start
    for _ in 0..<outline.dependencyCount {
      let dependency: (index: Int, prefix: SUITRange)
      do throws(ManifestError) {
        dependency = try nextDependency(outline.dependencies, &position)
      } catch {
        throw .refused(error)
      }
      guard dependency.index == index else { continue }
      let outer = manifests[manifest].prefix
      guard !dependency.prefix.isEmpty else { return outer }
      return try joined(outer, dependency.prefix)
    }
    return manifests[manifest].prefix
  }

  @_lifetime(self: copy self)
  private mutating func enter(
    _ name: SUITRange, as index: Int, _ manifest: Int, on platform: inout Platform
  ) throws(SUITStop) {
    let used = usedMemory
    let whole = try joined(manifests[manifest].prefix, name)
    guard let handle = platform.component(named: SUITComponentName(bytes(whole))) else {
      throw .refused(.unknownComponent)
    }
    // The name is not needed any more.
    usedMemory = used
    var entry = 0
    while entry < componentCount, components[entry].handle != handle { entry += 1 }
    if entry == componentCount {
      guard componentCount < SUITProcessor.maximumComponentCount else {
        throw .failed(.limitExceeded(.components))
      }
      components[entry] = SUITComponentState()
      components[entry].handle = handle
      componentCount += 1
    }
    // Two places for one component: what is checked of one would not hold for the other.
    for other in 0..<index where Int(manifests[manifest].entries[other]) == entry {
      throw .refused(.invalid(.component))
    }
    manifests[manifest].entries[index] = UInt8(truncatingIfNeeded: entry)
  }

  /// One name behind the other, as one name; in the memory, if both have parts.
  @_lifetime(self: copy self)
  private mutating func joined(_ prefix: SUITRange, _ name: SUITRange) throws(SUITStop) -> SUITRange {
    guard !prefix.isEmpty else { return name }
    let start = usedMemory
    var count = 0
    do throws(ManifestError) {
      count = try parts(prefix).count + parts(name).count
    } catch {
      throw .refused(error)
    }
    // Heads of up to 255 parts have two bytes.
    guard count <= 0xff, memory.count - usedMemory >= 2 + prefix.count + name.count else {
      throw .failed(.limitExceeded(.memory))
    }
    if count < 24 {
      memory[usedMemory] = 0x80 | UInt8(count)
      usedMemory += 1
    } else {
      memory[usedMemory] = 0x98
      memory[usedMemory + 1] = UInt8(count)
      usedMemory += 2
    }
    try append(prefix)
    try append(name)
    return SUITRange(start..<usedMemory, isInMemory: true)
  }

  @_lifetime(self: copy self)
  private mutating func append(_ name: SUITRange) throws(SUITStop) {
    let source: SUITRange
    do throws(ManifestError) { source = try parts(name).range } catch { throw .refused(error) }
    for index in 0..<source.count { memory[usedMemory + index] = bytes(source)[index] }
    usedMemory += source.count
  }

  /// How many parts a name has, and where they are.
  private func parts(_ name: SUITRange) throws(ManifestError) -> (count: Int, range: SUITRange) {
    var reader = CBORReader(bytes(name), limits: authority.limits, origin: name.start)
    let count = try readArrayHeader(&reader)
    return (
      count, SUITRange(reader.offset..<name.start + name.count, isInMemory: name.isInMemory)
    )
  }

  private func nextName(_ list: SUITRange, _ position: inout Int) throws(ManifestError) -> SUITRange {
    let bytes = bytes(list)
    var reader = CBORReader(
      bytes.extracting(position - list.start..<bytes.count), limits: authority.limits, origin: position)
    let range = try readNameRange(&reader)
    position = reader.offset
    return SUITRange(range, isInMemory: list.isInMemory)
  }

  private func nextDependency(
    _ map: SUITRange, _ position: inout Int
  ) throws(ManifestError) -> (index: Int, prefix: SUITRange) {
    let bytes = bytes(map)
    var reader = CBORReader(
      bytes.extracting(position - map.start..<bytes.count), limits: authority.limits, origin: position)
    let index = try readUnsigned(&reader)
    let prefix = try readPrefixRange(&reader)
    position = reader.offset
    guard let small = Int(exactly: index) else { throw .unknownComponent }
    return (small, prefix.map { SUITRange($0, isInMemory: map.isInMemory) } ?? .none)
  }
}
