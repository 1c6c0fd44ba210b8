import OTACore
import OTAManifest

/// Makes the commands of a manifest from its description, by the templates of the drafts.
///
/// - Note: Source: draft-ietf-suit-manifest-37, section 7; draft-ietf-suit-trust-domains-11, section 7.1.
struct ManifestComposer {
  private typealias Step = SUITDocument.Step
  private typealias Parameter = SUITDocument.Parameter
  private typealias Section = SUITDocument.Section

  private let description: ManifestDescription
  /// Whether commands must choose a component.
  private let isSeveral: Bool

  /// The envelope that a description asks for, not signed.
  static func document(_ description: ManifestDescription) -> SUITDocument {
    ManifestComposer(description).document
  }

  private init(_ description: ManifestDescription) {
    self.description = description
    isSeveral = description.components.count + description.dependencies.count > 1
  }

  private var document: SUITDocument {
    var contents = SUITDocument.Contents(
      sequenceNumber: description.sequenceNumber,
      components: description.components.map(\.name) + description.dependencies.map(\.name))
    contents.dependencies = description.dependencies.enumerated().map { index, dependency in
      SUITDocument.Dependency(
        index: UInt64(description.components.count + index), prefix: dependency.prefix)
    }
    contents.referenceURI = description.referenceURI
    contents.componentName = description.manifestComponent
    contents.setVersion = description.version
    contents.shared = shared
    for section in Section.inOrder {
      let steps = processing(in: section) + own(section)
      if !steps.isEmpty { contents.sections[section] = .inline(steps) }
    }
    contents.text = description.text.map { .inline($0) }
    var document = SUITDocument(contents)
    for section in description.severed { document.sever(section) }
    if description.isTextSevered { document.severText() }
    for component in description.components {
      if case .integrated(let uri, let bytes, _) = component.origin {
        document.payloads.append(SUITDocument.Payload(uri: uri, bytes: bytes))
      }
    }
    for dependency in description.dependencies {
      if let bytes = dependency.integrated {
        document.payloads.append(SUITDocument.Payload(uri: dependency.uri, bytes: bytes))
      }
    }
    return document
  }

  private func select(_ index: Int) -> [Step] { isSeveral ? [.select(UInt64(index))] : [] }

  /// Identity, digests and sizes: what every section needs.
  private var shared: [Step] {
    var steps: [Step] = []
    var identity: [Parameter] = []
    var conditions: [Step] = []
    for (key, value, condition) in [
      (Int64(1), description.vendor, SUITCondition.vendorIdentifier),
      (2, description.deviceClass, .classIdentifier), (24, description.device, .deviceIdentifier),
    ] {
      guard let value else { continue }
      identity.append(Parameter(key, .bytes(value)))
      conditions.append(.condition(condition))
    }
    if !identity.isEmpty {
      let count = UInt64(description.components.count)
      if isSeveral {
        // Dependencies say themselves whom they are for.
        steps.append(
          count <= 1
            ? .select(0)
            : description.dependencies.isEmpty
              ? Step(12, .components(.all)) : Step(12, .components(.list(Array(0..<count)))))
      }
      steps += [.override(identity)] + conditions
    }
    for (index, component) in description.components.enumerated() {
      if let image = component.image {
        steps += select(index) + [.override(parameters(of: image))]
      } else if !component.slots.isEmpty {
        steps += select(index)
        steps.append(
          .tryEach(
            component.slots.map { slot in
              [
                .override([Parameter(5, .unsigned(slot.number))]), .condition(.componentSlot),
                .override(parameters(of: slot.image)),
              ]
            }))
      }
    }
    for (index, dependency) in description.dependencies.enumerated() {
      steps += select(description.components.count + index)
      steps.append(.override([Parameter(3, .digest(dependency.document.digest))]))
    }
    return steps
  }

  private func parameters(of image: ManifestDescription.Image) -> [Parameter] {
    [Parameter(3, .digest(image.digest)), Parameter(14, .unsigned(image.size))]
  }

  /// What a section does for the dependencies: they run before what depends on them.
  private func processing(in section: Section) -> [Step] {
    var steps: [Step] = []
    for (index, dependency) in description.dependencies.enumerated() {
      let place = select(description.components.count + index)
      let process: [Step] = [.condition(.dependencyIntegrity), .directive(.processDependency)]
      if section == .dependencyResolution {
        steps += place + [.override([Parameter(21, .text(dependency.uri))]), .directive(.fetch)] + process
      } else if section == .install || section == .validate
        || dependency.document.manifest.sections[section] != nil
      {
        // Install and validate begin procedures, which check dependencies anew.
        steps += place + process
      }
    }
    return steps
  }

  /// What a section does for the components themselves.
  private func own(_ section: Section) -> [Step] {
    var steps: [Step] = []
    for (index, component) in description.components.enumerated() {
      let own =
        switch section {
        case .payloadFetch: fetch(component, staged: true)
        case .install: install(component)
        case .validate: validate(component)
        case .load: load(component)
        case .invoke: invoke(component)
        case .dependencyResolution, .candidateVerification, .uninstall: [Step]()
        }
      if !own.isEmpty { steps += select(index) + own }
    }
    return steps
  }

  private func fetch(_ component: ManifestDescription.Component, staged: Bool) -> [Step] {
    let check: [Step] = [.directive(.fetch), .condition(.imageMatch)]
    switch component.origin {
    case .fetched(let uri, let isStaged) where isStaged == staged:
      return [.override(parameters(of: component.encryption, uri))] + check
    case .integrated(let uri, _, let isStaged) where isStaged == staged:
      return [.override(parameters(of: component.encryption, uri))] + check
    case .present where !staged && component.slots.contains { $0.uri != nil }:
      let choices: [[Step]?] = component.slots.map { slot in
        [
          .override([Parameter(5, .unsigned(slot.number))]), .condition(.componentSlot),
          .override([Parameter(21, .text(slot.uri ?? ""))]),
        ]
      }
      return [.tryEach(choices)] + check
    default: return []
    }
  }

  private func parameters(of encryption: ManifestDescription.Encryption?, _ uri: String) -> [Parameter] {
    var parameters = [Parameter(21, .text(uri))]
    if let info = encryption?.info { parameters.insert(Parameter(19, .bytes(info)), at: 0) }
    if let arguments = encryption?.fetchArguments { parameters.append(Parameter(25, .bytes(arguments))) }
    return parameters
  }

  private func install(_ component: ManifestDescription.Component) -> [Step] {
    var steps: [Step] = []
    if let required = component.required {
      steps += [
        .override([Parameter(28, .version(comparison: required.comparison, required.numbers))]),
        .condition(.version),
      ]
    }
    switch component.origin {
    case .content(let bytes): steps += [.override([Parameter(18, .bytes(bytes))]), .directive(.write)]
    case .copied(let source):
      steps += [
        .override([Parameter(22, .unsigned(source))]), .directive(.copy), .condition(.imageMatch),
      ]
    case .fetched, .integrated, .present: steps += fetch(component, staged: false)
    }
    return steps
  }

  private func validate(_ component: ManifestDescription.Component) -> [Step] {
    // What is loaded is checked when it was.
    guard component.loadedFrom == nil else { return [] }
    if case .content(let bytes) = component.origin {
      return [.override([Parameter(18, .bytes(bytes))]), .condition(.checkContent)]
    }
    return component.image == nil && component.slots.isEmpty ? [] : [.condition(.imageMatch)]
  }

  private func load(_ component: ManifestDescription.Component) -> [Step] {
    guard let source = component.loadedFrom else { return [] }
    let copy: [Step] = [.override([Parameter(22, .unsigned(source))]), .directive(.copy)]
    return copy + (component.image == nil ? [] : [.condition(.imageMatch)])
  }

  private func invoke(_ component: ManifestDescription.Component) -> [Step] {
    guard component.isInvoked else { return [] }
    let arguments: [Step] = component.arguments.map { [.override([Parameter(23, .bytes($0))])] } ?? []
    return arguments + [.directive(.invoke)]
  }
}
