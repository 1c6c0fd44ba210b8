#if !hasFeature(Embedded)

extension SUITDocument {
  /// The name of a component: a list of byte strings.
  public typealias ComponentName = [[UInt8]]

  /// A component that is the envelope of another manifest.
  public struct Dependency: Equatable, Sendable {
    /// The place of the component in the list.
    public var index: UInt64
    /// What stands before the names of that manifest's components.
    public var prefix: ComponentName?
    /// Other facts, encoded, by their keys.
    public var others: [Int64: [UInt8]]

    /// Makes a dependency from its parts.
    public init(index: UInt64, prefix: ComponentName? = nil, others: [Int64: [UInt8]] = [:]) {
      self.index = index
      self.prefix = prefix
      self.others = others
    }
  }

  /// The manifest.
  ///
  /// - Note: Source: draft-ietf-suit-manifest-37, section 8.4.
  public struct Contents: Equatable, Sendable {
    /// The version of the format.
    public var version: UInt64
    /// The number of this manifest in the order of all.
    public var sequenceNumber: UInt64
    /// The components that commands name by their place.
    public var components: [ComponentName]
    /// Which of them are manifests.
    public var dependencies: [Dependency]
    /// What runs before every other section; empty if there is none.
    public var shared: [Step]
    /// Other members of the part that sections share, encoded, by their keys.
    public var otherCommon: [Int64: [UInt8]]
    /// Where a full version of the manifest is.
    public var referenceURI: String?
    /// Where a device keeps the manifest.
    public var componentName: ComponentName?
    /// The version that the manifest brings: 1.2-rc.3 is 1, 2, -1, 3.
    public var setVersion: [Int64]?
    /// The sequences of commands.
    public var sections: [Section: Severable<[Step]>]
    /// Text for people.
    public var text: Severable<Text>?
    /// Other members, encoded, by their keys.
    public var others: [Int64: [UInt8]]

    /// Makes a manifest of components without any section.
    public init(sequenceNumber: UInt64, components: [ComponentName]) {
      self.version = 1
      self.sequenceNumber = sequenceNumber
      self.components = components
      dependencies = []
      shared = []
      otherCommon = [:]
      sections = [:]
      others = [:]
    }
  }

  /// Text for people, language by language.
  ///
  /// - Note: Source: draft-ietf-suit-manifest-37, section 8.4.4.
  public struct Text: Equatable, Sendable {
    /// What is said of one component.
    public struct Component: Equatable, Sendable {
      /// Which component.
      public var name: ComponentName
      /// The texts, by their keys.
      public var entries: [Int64: String]

      /// Makes an entry from its parts.
      public init(name: ComponentName, entries: [Int64: String]) {
        self.name = name
        self.entries = entries
      }
    }

    /// One language.
    public struct Language: Equatable, Sendable {
      /// Its tag, such as `en`.
      public var tag: String
      /// The texts about the whole, by their keys.
      public var entries: [Int64: String]
      /// The texts about components.
      public var components: [Component]

      /// Makes a language from its parts.
      public init(tag: String, entries: [Int64: String], components: [Component] = []) {
        self.tag = tag
        self.entries = entries
        self.components = components
      }
    }

    /// The languages, in the order of their tags.
    public var languages: [Language]

    /// Makes a text from its languages.
    public init(languages: [Language]) {
      self.languages = languages
    }
  }
}
#endif
