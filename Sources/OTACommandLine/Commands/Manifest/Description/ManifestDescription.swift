import OTACore
import OTAManifest

/// What a manifest shall say, as `ota manifest create` reads it: Docs/ManifestFormat.md, section 9.
struct ManifestDescription {
  /// Contents of a component.
  struct Image {
    var digest: SUITDocument.DigestValue
    var size: UInt64
    /// The bytes, if there is a file.
    var bytes: [UInt8]?
  }

  /// Contents for one slot of a component.
  struct Slot {
    var number: UInt64
    var image: Image
    var uri: String?
  }

  /// A version that must be there before.
  struct Requirement {
    /// 1 greater, 2 not lower, 3 equal, 4 not greater, 5 lower.
    var comparison: UInt64
    var numbers: [Int64]
  }

  /// How what is fetched is encrypted.
  struct Encryption {
    /// The SUIT_Encryption_Info, if it is one.
    var info: [UInt8]?
    /// The fetch arguments that describe the container, if it is one.
    var fetchArguments: [UInt8]?
    /// What is fetched, if there is a file.
    var bytes: [UInt8]?
  }

  /// Where the contents of a component come from.
  enum Origin {
    /// They are there, and are only checked.
    case present
    /// They are fetched, before the installation or in it.
    case fetched(uri: String, isStaged: Bool)
    /// They travel in the envelope.
    case integrated(uri: String, [UInt8], isStaged: Bool)
    /// They stand in the manifest.
    case content([UInt8])
    /// They are copied from another component.
    case copied(from: UInt64)
  }

  struct Component {
    var name: SUITDocument.ComponentName
    var image: Image?
    var slots: [Slot] = []
    var origin = Origin.present
    var encryption: Encryption?
    var required: Requirement?
    /// The component that it is copied from before it runs.
    var loadedFrom: UInt64?
    var isInvoked = false
    var arguments: [UInt8]?
  }

  struct Dependency {
    var name: SUITDocument.ComponentName
    var prefix: SUITDocument.ComponentName?
    var uri: String
    var document: SUITDocument
    /// The envelope, if it travels in this one.
    var integrated: [UInt8]?
  }

  var sequenceNumber: UInt64 = 0
  var version: [Int64]?
  var vendor: [UInt8]?
  var deviceClass: [UInt8]?
  var device: [UInt8]?
  var referenceURI: String?
  var manifestComponent: SUITDocument.ComponentName?
  var components: [Component] = []
  var dependencies: [Dependency] = []
  var text: SUITDocument.Text?
  /// The sections to move out of the manifest.
  var severed: [SUITDocument.Section] = []
  var isTextSevered = false
}
