#if !hasFeature(Embedded)
import OTACore

extension SUITDocument {
  /// The bytes of the envelope, in the one encoding that signed data has.
  public var encoded: [UInt8] {
    CBORBuilder.encoding { builder in
      builder.tag(SUITKey.envelopeTag)
      var members = otherMembers
      members[SUITKey.authenticationWrapper] = CBORBuilder.encoding { member in
        member.wrapped { wrapper in
          wrapper.array(1 + authenticationBlocks.count)
          wrapper.wrapped { $0.append(digest) }
          for block in authenticationBlocks { wrapper.byteString(block) }
        }
      }
      members[SUITKey.manifest] = CBORBuilder.encoding { $0.byteString(manifest.encoding) }
      for (section, steps) in severedSections {
        members[section.rawValue] = CBORBuilder.encoding { $0.byteString(Step.encoding(steps)) }
      }
      if let severedText {
        members[SUITKey.text] = CBORBuilder.encoding { $0.byteString(severedText.encoding) }
      }
      builder.map(members.count + payloads.count)
      builder.append(entries: members)
      for payload in payloads.sorted(by: { CBORBuilder.isOrdered($0.uri, before: $1.uri) }) {
        builder.text(payload.uri)
        builder.byteString(payload.bytes)
      }
    }
  }
}

extension CBORBuilder {
  mutating func append(_ digest: SUITDocument.DigestValue) {
    array(2)
    integer(digest.algorithm)
    byteString(digest.bytes)
  }

  mutating func append(name: SUITDocument.ComponentName) {
    array(name.count)
    for part in name { byteString(part) }
  }

  mutating func append(steps: [SUITDocument.Step]) {
    array(2 * steps.count)
    for step in steps { append(step) }
  }

  /// Appends keys and encoded values, in the order of the keys.
  mutating func append(entries: [Int64: [UInt8]]) {
    for (key, value) in entries.sorted(by: { CBORBuilder.isOrdered($0.key, before: $1.key) }) {
      integer(key)
      encoded(value)
    }
  }

  private mutating func append(_ step: SUITDocument.Step) {
    integer(step.code)
    switch step.argument {
    case .reporting(let policy): unsigned(policy)
    case .components(.index(let index)): unsigned(index)
    case .components(.all): bool(true)
    case .components(.list(let indices)):
      array(indices.count)
      for index in indices { unsigned(index) }
    case .parameters(let parameters): append(parameters)
    case .alternatives(let alternatives):
      array(alternatives.count)
      for steps in alternatives {
        if let steps { wrapped { $0.append(steps: steps) } } else { null() }
      }
    case .sequence(let steps): wrapped { $0.append(steps: steps) }
    case .encoded(let item): encoded(item)
    }
  }

  private mutating func append(_ parameters: [SUITDocument.Parameter]) {
    var entries: [Int64: [UInt8]] = [:]
    for parameter in parameters {
      entries[parameter.key] = CBORBuilder.encoding { builder in
        switch parameter.value {
        case .unsigned(let value): builder.unsigned(value)
        case .bool(let value): builder.bool(value)
        case .text(let value): builder.text(value)
        case .bytes(let value): builder.byteString(value)
        case .digest(let digest): builder.wrapped { $0.append(digest) }
        case .version(let comparison, let numbers):
          builder.wrapped { match in
            match.array(2)
            match.unsigned(comparison)
            match.array(numbers.count)
            for number in numbers { match.integer(number) }
          }
        case .encoded(let item): builder.encoded(item)
        }
      }
    }
    map(entries.count)
    append(entries: entries)
  }
}

extension SUITDocument.Step {
  static func encoding(_ steps: [SUITDocument.Step]) -> [UInt8] {
    CBORBuilder.encoding { $0.append(steps: steps) }
  }
}

extension SUITDocument.Contents {
  /// The manifest without the byte string around it.
  var encoding: [UInt8] {
    CBORBuilder.encoding { builder in
      var members = others
      members[SUITKey.version] = CBORBuilder.encoding { $0.unsigned(version) }
      members[SUITKey.sequenceNumber] = CBORBuilder.encoding { $0.unsigned(sequenceNumber) }
      members[SUITKey.common] = CBORBuilder.encoding { $0.byteString(common) }
      if let referenceURI {
        members[SUITKey.referenceURI] = CBORBuilder.encoding { $0.text(referenceURI) }
      }
      if let componentName {
        members[SUITKey.componentName] = CBORBuilder.encoding { $0.append(name: componentName) }
      }
      if let setVersion {
        members[SUITKey.setVersion] = CBORBuilder.encoding { member in
          member.wrapped { version in
            version.array(setVersion.count)
            for number in setVersion { version.integer(number) }
          }
        }
      }
      for (section, part) in sections {
        members[section.rawValue] = CBORBuilder.encoding { member in
          switch part {
          case .inline(let steps): member.byteString(SUITDocument.Step.encoding(steps))
          case .severed(let digest): member.append(digest)
          }
        }
      }
      switch text {
      case .inline(let text): members[SUITKey.text] = CBORBuilder.encoding { $0.byteString(text.encoding) }
      case .severed(let digest): members[SUITKey.text] = CBORBuilder.encoding { $0.append(digest) }
      case nil: break
      }
      builder.map(members.count)
      builder.append(entries: members)
    }
  }

  private var common: [UInt8] {
    CBORBuilder.encoding { builder in
      var members = otherCommon
      if !dependencies.isEmpty {
        members[SUITKey.dependencies] = CBORBuilder.encoding { member in
          member.map(dependencies.count)
          for dependency in dependencies.sorted(by: { $0.index < $1.index }) {
            member.unsigned(dependency.index)
            var facts = dependency.others
            if let prefix = dependency.prefix {
              facts[SUITKey.dependencyPrefix] = CBORBuilder.encoding { $0.append(name: prefix) }
            }
            member.map(facts.count)
            member.append(entries: facts)
          }
        }
      }
      if !components.isEmpty {
        members[SUITKey.components] = CBORBuilder.encoding { member in
          member.array(components.count)
          for name in components { member.append(name: name) }
        }
      }
      if !shared.isEmpty {
        members[SUITKey.sharedSequence] = CBORBuilder.encoding { member in
          member.byteString(SUITDocument.Step.encoding(shared))
        }
      }
      builder.map(members.count)
      builder.append(entries: members)
    }
  }
}

extension SUITDocument.Text {
  /// The map of languages without the byte string around it.
  var encoding: [UInt8] {
    CBORBuilder.encoding { builder in
      builder.map(languages.count)
      for language in languages.sorted(by: { CBORBuilder.isOrdered($0.tag, before: $1.tag) }) {
        builder.text(language.tag)
        builder.map(language.entries.count + language.components.count)
        builder.append(texts: language.entries)
        // Names are arrays, and arrays stand behind integers.
        let components = language.components
          .map { component in (CBORBuilder.encoding { $0.append(name: component.name) }, component.entries) }
          .sorted { $0.0.lexicographicallyPrecedes($1.0) }
        for (name, entries) in components {
          builder.encoded(name)
          builder.map(entries.count)
          builder.append(texts: entries)
        }
      }
    }
  }
}

extension CBORBuilder {
  fileprivate mutating func append(texts: [Int64: String]) {
    append(entries: texts.mapValues { text in CBORBuilder.encoding { $0.text(text) } })
  }
}
#endif
