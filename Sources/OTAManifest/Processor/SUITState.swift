import OTACore
import OTACrypto

/// A component that some manifest names, with the parameters that were set for it.
struct SUITComponentState {
  var handle = SUITComponentHandle(0)
  /// The encoded values by ``SUITParameterSlot``; empty if one is not set.
  var parameters = InlineArray<13, SUITRange>(repeating: .none)
  /// The component of the source parameter, in the table of all: the index is one of the manifest that set it.
  var source: UInt8 = 0
}

/// The parameters of components, by their place in the table.
enum SUITParameterSlot {
  static func index(of key: Int64) -> Int? {
    switch key {
    case SUITParameterKey.vendorIdentifier: 0
    case SUITParameterKey.classIdentifier: 1
    case SUITParameterKey.imageDigest: 2
    case SUITParameterKey.componentSlot: 3
    case SUITParameterKey.imageSize: 4
    case SUITParameterKey.content: 5
    case SUITParameterKey.encryptionInfo: 6
    case SUITParameterKey.uri: 7
    case SUITParameterKey.sourceComponent: 8
    case SUITParameterKey.invokeArguments: 9
    case SUITParameterKey.deviceIdentifier: 10
    case SUITParameterKey.fetchArguments: 11
    case SUITParameterKey.version: 12
    default: nil
    }
  }
}

/// A manifest that takes part: the first one, or a dependency.
struct SUITLoadedManifest {
  var outline: SUITOutline
  var signers: [KeyIdentifier]
  /// The digest by which its dependent names it.
  var digest: Digest?
  /// The encoded list of what stands before the names of its components; empty if there is nothing.
  var prefix = SUITRange.none
  /// How many manifests lead to it.
  var depth: UInt8 = 0
  /// How many components it has, dependencies among them.
  var count = 0
  /// Its components, in the table of all.
  var entries = InlineArray<16, UInt8>(repeating: 0)
  /// Which of them are dependencies: a bit for each.
  var dependencies: UInt16 = 0
  /// The manifests of the dependencies whose integrity was checked; 0 for the others.
  var loaded = InlineArray<16, UInt8>(repeating: 0)
  /// The dependencies that the current section has processed.
  var processed: UInt16 = 0
  /// The sections that have ended in this procedure.
  var completed: UInt8 = 0

  func isDependency(_ index: Int) -> Bool { dependencies >> UInt16(truncatingIfNeeded: index) & 1 != 0 }
}

/// The components that commands are for.
struct SUITSelection {
  var indices = InlineArray<16, UInt8>(repeating: 0)
  var count = 1
  /// Whether it is one by its index, not a list and not all.
  var isSingle = true

  static func single(_ index: UInt8) -> SUITSelection {
    var selection = SUITSelection()
    selection.indices[0] = index
    return selection
  }

  static func all(_ count: Int) -> SUITSelection {
    var selection = SUITSelection()
    for index in 0..<count { selection.indices[index] = UInt8(truncatingIfNeeded: index) }
    selection.count = count
    selection.isSingle = false
    return selection
  }
}

/// What a sequence knows while it runs.
struct SUITFrame {
  /// Whose sequence it is.
  var manifest: Int
  /// How many sequences may still be within this one.
  var depth: Int
  var selection = SUITSelection()
  /// Whether nothing is done but to look whether everything could be understood.
  var isCheck: Bool
  /// Whether it is the shared sequence, or within it.
  var isShared: Bool
  /// Whether it is the argument of try-each or run-sequence.
  var isNested = false
  /// Whether a condition that does not hold ends only this sequence.
  var softFailure = false
  /// Whether commands run in order.
  var isStrict = true
  /// Whether the first command must choose a component.
  var mustSelect = false
  /// Whether no (further) command may choose a component.
  var isSelectionFixed = false
  /// What was written and read since the order was given up, in the table of all: a bit for each.
  var targets: UInt32 = 0
  var sources: UInt32 = 0

  /// The frame of a sequence within this one, for one component.
  func nested(for index: UInt8, softFailure: Bool) -> SUITFrame {
    var inner = self
    inner.depth = depth - 1
    inner.selection = .single(index)
    inner.isNested = true
    inner.softFailure = softFailure
    inner.mustSelect = false
    return inner
  }
}
