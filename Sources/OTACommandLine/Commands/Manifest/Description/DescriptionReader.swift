import OTACore
import OTACrypto
import OTACryptoSodium
import OTAManifest

/// Reads a description and the files that it names.
///
/// Everything in it must be known: a name that is written wrong would otherwise leave out a check.
struct DescriptionReader {
  /// The file, for messages.
  let path: String
  /// The folder that relative paths start from; empty, or with a slash at its end.
  let folder: String
  /// Files that the command line names, by the names of components.
  let payloads: [String: String]

  func read(_ bytes: [UInt8]) throws(CommandFailure) -> ManifestDescription {
    var root = try DescriptionObject(parsing: bytes, of: path)
    var description = ManifestDescription()
    guard let number = try root.integer("sequenceNumber") else {
      throw root.problem("sequenceNumber", "is missing")
    }
    description.sequenceNumber = number
    description.version = try root.version("version")
    description.vendor = try root.identifier("vendor")
    description.deviceClass = try root.identifier("class")
    description.device = try root.identifier("device")
    description.referenceURI = try root.text("referenceURI")
    description.manifestComponent = try root.componentName("manifestComponent")
    var components = try root.objects("components")
    var dependencies = try root.objects("dependencies")
    guard !components.isEmpty || !dependencies.isEmpty else { throw root.problem("components", "is missing") }
    if let text = try root.object("text") { description.text = try Self.text(text) }
    for (index, value) in try root.list("sever").enumerated() {
      if value == .text("text") {
        description.isTextSevered = true
        continue
      }
      let section = SUITDocument.Section.allCases.first { value == .text($0.name) && $0.isSeverable }
      guard let section else {
        throw root.problem(
          "sever[\(index)]",
          "must be dependency-resolution, payload-fetch, candidate-verification, install or text")
      }
      description.severed.append(section)
    }
    try root.finish()

    var names: [SUITDocument.ComponentName] = []
    for index in components.indices { names.append(try Self.takeName(&components[index], others: names)) }
    let count = names.count
    for index in dependencies.indices { names.append(try Self.takeName(&dependencies[index], others: names)) }
    let own = names[..<count].map { OTACommandLine.componentName($0) }
    for name in payloads.keys.sorted() where !own.contains(name) {
      throw DescriptionObject.failure(path, "has no component '\(name)', which --payload names")
    }
    for (index, object) in components.enumerated() {
      description.components.append(try component(object, named: names[index], among: Array(own)))
    }
    for (index, object) in dependencies.enumerated() {
      description.dependencies.append(try dependency(object, named: names[count + index]))
    }
    return description
  }

  private static func takeName(
    _ object: inout DescriptionObject, others: [SUITDocument.ComponentName]
  ) throws(CommandFailure) -> SUITDocument.ComponentName {
    guard let name = try object.componentName("name") else { throw object.problem("name", "is missing") }
    guard !others.contains(name) else { throw object.problem("name", "stands twice") }
    return name
  }

  private func component(
    _ object: DescriptionObject, named name: SUITDocument.ComponentName, among names: [String]
  ) throws(CommandFailure) -> ManifestDescription.Component {
    var object = object
    var component = ManifestDescription.Component(name: name)
    component.image = try image(&object, payload: payloads[OTACommandLine.componentName(name)])
    component.encryption = try encryption(&object, of: component.image)
    let uri = try object.text("uri")
    let isIntegrated = try object.flag("integrated")
    guard component.encryption == nil || uri != nil || isIntegrated else {
      throw object.problem("encryption", "is for a component with uri or integrated")
    }
    let isStaged = try object.flag("stage")
    let content = try object.bytes("content")
    let source = try Self.place(&object, "copyFrom", among: names)
    component.loadedFrom = try Self.place(&object, "loadFrom", among: names)
    component.isInvoked = try object.flag("invoke")
    component.arguments = try object.bytes("arguments")
    if let (comparison, numbers) = try object.requirement("requiredVersion") {
      component.required = ManifestDescription.Requirement(comparison: comparison, numbers: numbers)
    }
    if let content {
      guard uri == nil, source == nil, !isIntegrated, component.image == nil else {
        throw object.problem("content", "leaves no place for payload, uri, integrated or copyFrom")
      }
      component.origin = .content(content)
    } else if let source {
      guard uri == nil, !isIntegrated else {
        throw object.problem("copyFrom", "leaves no place for uri or integrated")
      }
      component.origin = .copied(from: source)
    } else if isIntegrated {
      guard let bytes = component.encryption.map(\.bytes) ?? component.image?.bytes else {
        throw object.problem("integrated", "needs a payload, which is a file")
      }
      component.origin = .integrated(
        uri: uri ?? "#" + OTACommandLine.componentName(name), bytes, isStaged: isStaged)
    } else if let uri {
      component.origin = .fetched(uri: uri, isStaged: isStaged)
    } else if isStaged {
      throw object.problem("stage", "is for a component with uri or integrated")
    }
    guard component.arguments == nil || component.isInvoked else {
      throw object.problem("arguments", "is for a component with invoke")
    }
    try readSlots(&object, into: &component)
    try object.finish()
    // Section 7: "a digest must always be set" for what is got from somewhere.
    switch component.origin {
    case .fetched, .integrated, .copied:
      guard component.image != nil || !component.slots.isEmpty else {
        throw object.problem("payload", "or digest and size are missing")
      }
    case .content, .present: break
    }
    return component
  }

  private func readSlots(
    _ object: inout DescriptionObject, into component: inout ManifestDescription.Component
  ) throws(CommandFailure) {
    let slots = try object.objects("slots")
    guard !slots.isEmpty else { return }
    guard slots.count >= 2 else { throw object.problem("slots", "must be two or more") }
    guard component.image == nil, case .present = component.origin else {
      throw object.problem("slots", "have the payload and the uri, the component has none")
    }
    for var slot in slots {
      guard let number = try slot.integer("slot") else { throw slot.problem("slot", "is missing") }
      guard !component.slots.contains(where: { $0.number == number }) else {
        throw slot.problem("slot", "stands twice")
      }
      let uri = try slot.text("uri")
      guard let image = try image(&slot, payload: nil) else {
        throw slot.problem("payload", "or digest and size are missing")
      }
      component.slots.append(ManifestDescription.Slot(number: number, image: image, uri: uri))
      try slot.finish()
    }
    let count = component.slots.filter { $0.uri != nil }.count
    guard count == 0 || count == slots.count else {
      throw object.problem("slots", "must all have a uri, or none")
    }
  }

  /// The component that a member names, by its place.
  private static func place(
    _ object: inout DescriptionObject, _ name: String, among names: [String]
  ) throws(CommandFailure) -> UInt64? {
    guard let other = try object.componentName(name) else { return nil }
    guard let index = names.firstIndex(of: OTACommandLine.componentName(other)) else {
      throw object.problem(name, "names no component")
    }
    return UInt64(index)
  }

  /// The payload in a file, or its digest and size.
  private func image(
    _ object: inout DescriptionObject, payload: String?
  ) throws(CommandFailure) -> ManifestDescription.Image? {
    let file = try object.text("payload").map { resolve($0) }
    let digest = try object.text("digest")
    let size = try object.integer("size")
    if let path = payload ?? file {
      guard digest == nil, size == nil else {
        throw object.problem("payload", "leaves no place for digest and size")
      }
      let bytes = try InputFile.read(path, limit: ManifestFile.limits.envelopeSize)
      return ManifestDescription.Image(
        digest: SUITDocument.DigestValue(SodiumSHA256.digest(of: bytes.span)), size: UInt64(bytes.count),
        bytes: bytes)
    }
    guard digest != nil || size != nil else { return nil }
    guard let digest, let bytes = [UInt8](hexadecimal: digest), bytes.count == 32 else {
      throw object.problem("digest", "must be a SHA-256 in hexadecimal")
    }
    guard let size else { throw object.problem("size", "is missing") }
    return ManifestDescription.Image(
      digest: SUITDocument.DigestValue(algorithm: -16, bytes: bytes), size: size, bytes: nil)
  }

  private func dependency(
    _ object: DescriptionObject, named name: SUITDocument.ComponentName
  ) throws(CommandFailure) -> ManifestDescription.Dependency {
    var object = object
    guard let file = try object.text("manifest") else { throw object.problem("manifest", "is missing") }
    let isIntegrated = try object.flag("integrated")
    let uri = try object.text("uri") ?? (isIntegrated ? "#" + OTACommandLine.componentName(name) : nil)
    guard let uri else { throw object.problem("uri", "is missing, or integrated") }
    let prefix = try object.componentName("prefix")
    try object.finish()
    let bytes = try ManifestFile.read(resolve(file))
    return ManifestDescription.Dependency(
      name: name, prefix: prefix, uri: uri, document: try ManifestFile.decode(bytes, resolve(file)),
      integrated: isIntegrated ? bytes : nil)
  }

  func resolve(_ path: String) -> String { path.hasPrefix("/") ? path : folder + path }

  /// Languages, each with texts by their names, and with components that have texts by their names.
  private static func text(_ object: DescriptionObject) throws(CommandFailure) -> SUITDocument.Text {
    var object = object
    var text = SUITDocument.Text(languages: [])
    for tag in object.remaining {
      guard var language = try object.object(tag) else { continue }
      var components: [SUITDocument.Text.Component] = []
      for var component in try language.objects("components") {
        guard let name = try component.componentName("name") else {
          throw component.problem("name", "is missing")
        }
        let entries = try entries(&component) { SUITDocument.Text.name(ofComponentEntry: $0) }
        components.append(SUITDocument.Text.Component(name: name, entries: entries))
      }
      let entries = try entries(&language) { SUITDocument.Text.name(ofEntry: $0) }
      text.languages.append(
        SUITDocument.Text.Language(tag: tag, entries: entries, components: components))
    }
    guard !text.languages.isEmpty else {
      throw DescriptionObject.failure(object.file, "text has no language")
    }
    return text
  }

  private static func entries(
    _ object: inout DescriptionObject, named name: (Int64) -> String?
  ) throws(CommandFailure) -> [Int64: String] {
    var entries: [Int64: String] = [:]
    for key: Int64 in 1...8 {
      guard let name = name(key), let text = try object.text(name) else { continue }
      entries[key] = text
    }
    try object.finish()
    return entries
  }
}
