public import OTACore

extension Manifest {
  /// Makes the description of an update from the commands of a SUIT manifest.
  ///
  /// Understands updates of one component, which is fetched, installed while it arrives, and held against its digest.
  /// Every command and parameter must have a meaning here; nothing is skipped. Nothing is decided about trust.
  ///
  /// - Parameters:
  ///   - suit: the decoded manifest.
  ///   - limits: limits on strings.
  /// - Throws: ``ManifestError/unsupportedCommand(_:)`` and ``ManifestError/unsupportedParameter(_:)`` for what can not
  ///   be processed or stands where it has no meaning, ``ManifestError/missingCommand(_:)``,
  ///   ``ManifestError/missingParameter(_:)``, ``ManifestError/missingMember(_:)``, ``ManifestError/unknownComponent``
  ///   for several components or names of several parts, ``ManifestError/invalid(_:)``. A manifest without text,
  ///   versions or block digests is *not* an error: its version is 0.0.0, its payload one block.
  /// - Note: Source: draft-ietf-suit-manifest-37, sections 6.2, 6.4 and 7.3 (component download).
  public init(_ suit: SUITManifest, limits: Limits = Limits()) throws(ManifestError) {
    guard suit.components.count == 1, suit.components[0].count == 1 else { throw .unknownComponent }
    var update = SUITUpdate(limits: limits)
    try update.run(suit.sharedSequence, as: .shared)
    guard update.checked.contains(.vendor) else { throw .missingCommand(SUITCode.vendorIdentifier) }
    guard update.checked.contains(.deviceClass) else { throw .missingCommand(SUITCode.classIdentifier) }
    try update.run(try SUITUpdate.sequence(suit.payloadFetch, key: SUITKey.payloadFetch), as: .update)
    try update.run(try SUITUpdate.sequence(suit.install, key: SUITKey.install), as: .update)
    guard update.isFetched else { throw .missingCommand(SUITCode.fetch) }
    try update.run(suit.validate, as: .validate)
    guard update.isValidated else { throw .missingCommand(SUITCode.imageMatch) }
    guard suit.load.isEmpty else { throw .unsupportedMember(SUITKey.load) }
    try update.run(suit.invoke, as: .invoke)
    let metadata: ManifestMetadata =
      switch suit.text {
      case .present(let text): text
      case .absent, .removed: ManifestMetadata()
      }
    self = try update.manifest(
      sequenceNumber: suit.sequenceNumber, component: ComponentIdentifier(bytes: suit.components[0][0]),
      metadata: metadata)
    try checkRules()
  }
}

/// The abstract machine of the draft, run on one component before there is one: it collects what the commands say.
private struct SUITUpdate {
  /// Which sequence runs.
  enum Stage: UInt8 {
    case shared
    case update
    case validate
    case invoke
  }

  /// Conditions that were asked for.
  struct Checked: OptionSet {
    var rawValue: UInt8

    static var vendor: Checked { Checked(rawValue: 1) }
    static var deviceClass: Checked { Checked(rawValue: 2) }
    static var device: Checked { Checked(rawValue: 4) }
    static var hardwareRevision: Checked { Checked(rawValue: 8) }
    static var requiredVersion: Checked { Checked(rawValue: 16) }
    static var dependencies: Checked { Checked(rawValue: 32) }
  }

  var checked: Checked = []
  var isFetched = false
  var isValidated = false

  private var isInvoked = false
  private let limits: Limits
  private var parameters = SUITParameters()
  private var alternatives: [(uri: [UInt8], arguments: [UInt8], encryptionInfo: [UInt8]?)] = []
  private var hardwareRevisions: ClosedRange<UInt32>?
  private var newVersion: Version?
  private var requiredVersion: Version?
  private var dependencies: [Dependency]?

  init(limits: Limits) {
    self.limits = limits
  }

  static func sequence(
    _ member: SUITMember<[SUITCommand]>, key: Int64
  ) throws(ManifestError) -> [SUITCommand] {
    switch member {
    case .absent: []
    case .present(let commands): commands
    case .removed: throw .missingMember(key)
    }
  }

  mutating func run(_ commands: [SUITCommand], as stage: Stage) throws(ManifestError) {
    for command in commands {
      switch command {
      case .setComponentIndex(let index):
        // There is one component: number 0, or all.
        guard index == .index(0) || index == .all else { throw .unsupportedCommand(command.code) }
      case .overrideParameters(let new):
        guard stage == .shared || stage == .update else { throw .unsupportedCommand(command.code) }
        try merge(new, isShared: stage == .shared)
      case .condition(let condition):
        try evaluate(condition, in: stage)
      case .directive(let directive):
        try perform(directive, in: stage)
      case .custom(let code, _):
        guard stage == .update, !isFetched else { throw .unsupportedCommand(code) }
        try evaluateCustom(code)
      case .tryEach(let sequences):
        guard stage == .update, !isFetched else { throw .unsupportedCommand(command.code) }
        for sequence in sequences { try collect(alternative: sequence) }
        isFetched = true
      case .runSequence:
        throw .unsupportedCommand(command.code)
      }
    }
  }

  /// Takes a payload out of a sequence of which one will be run: its parameters, the question whether the device can use it,
  /// and the fetch.
  private mutating func collect(alternative sequence: [SUITCommand]) throws(ManifestError) {
    guard sequence.count == 3, case .overrideParameters(let new) = sequence[0],
      case .custom(SUITCode.usablePayload, _) = sequence[1], sequence[2] == .directive(.fetch)
    else { throw .unsupportedCommand(SUITCode.tryEach) }
    var only = SUITParameters()
    (only.uri, only.fetchArguments, only.encryptionInfo) = (new.uri, new.fetchArguments, new.encryptionInfo)
    guard only == new else { throw .unsupportedParameter(SUITParameterKey.fetchArguments) }
    guard parameters.uri == nil, let uri = new.uri else { throw .missingParameter(SUITParameterKey.uri) }
    guard parameters.fetchArguments == nil, let arguments = new.fetchArguments else {
      throw .missingParameter(SUITParameterKey.fetchArguments)
    }
    alternatives.append((uri, arguments, new.encryptionInfo))
  }

  private mutating func evaluate(_ condition: SUITCondition, in stage: Stage) throws(ManifestError) {
    switch condition {
    case .vendorIdentifier:
      guard parameters.vendorID != nil else { throw .missingParameter(SUITParameterKey.vendorIdentifier) }
      checked.insert(.vendor)
    case .classIdentifier:
      guard parameters.classID != nil else { throw .missingParameter(SUITParameterKey.classIdentifier) }
      checked.insert(.deviceClass)
    case .deviceIdentifier:
      guard parameters.deviceID != nil else { throw .missingParameter(SUITParameterKey.deviceIdentifier) }
      checked.insert(.device)
    case .imageMatch:
      guard parameters.imageDigest != nil else { throw .missingParameter(SUITParameterKey.imageDigest) }
      // Before the fetch it would be a test of what is there now.
      guard isFetched else { throw .unsupportedCommand(condition.rawValue) }
      if stage == .validate { isValidated = true }
    case .componentSlot, .checkContent, .abort, .dependencyIntegrity, .isDependency, .imageNotMatch, .version:
      throw .unsupportedCommand(condition.rawValue)
    }
  }

  private mutating func perform(_ directive: SUITDirective, in stage: Stage) throws(ManifestError) {
    switch (directive, stage) {
    case (.fetch, .update):
      guard !isFetched else { throw .unsupportedCommand(directive.rawValue) }
      guard parameters.uri != nil else { throw .missingParameter(SUITParameterKey.uri) }
      isFetched = true
    case (.invoke, .invoke):
      guard !isInvoked else { throw .unsupportedCommand(directive.rawValue) }
      isInvoked = true
    default:
      throw .unsupportedCommand(directive.rawValue)
    }
  }

  private mutating func evaluateCustom(_ code: Int64) throws(ManifestError) {
    switch code {
    case SUITCode.hardwareRevision:
      guard hardwareRevisions != nil else { throw .missingParameter(SUITParameterKey.hardwareRevisions) }
      checked.insert(.hardwareRevision)
    case SUITCode.requiredVersion:
      guard requiredVersion != nil else { throw .missingParameter(SUITParameterKey.requiredVersion) }
      checked.insert(.requiredVersion)
    case SUITCode.dependencies:
      guard dependencies != nil else { throw .missingParameter(SUITParameterKey.dependencies) }
      checked.insert(.dependencies)
    default:
      throw .unsupportedCommand(code)
    }
  }

  /// Sets parameters, each once in the whole manifest: a second value could replace one that was already checked.
  private mutating func merge(_ new: SUITParameters, isShared: Bool) throws(ManifestError) {
    try set(&parameters.vendorID, to: new.vendorID, key: SUITParameterKey.vendorIdentifier)
    try set(&parameters.classID, to: new.classID, key: SUITParameterKey.classIdentifier)
    try set(&parameters.deviceID, to: new.deviceID, key: SUITParameterKey.deviceIdentifier)
    try set(&parameters.imageDigest, to: new.imageDigest, key: SUITParameterKey.imageDigest)
    try set(&parameters.imageSize, to: new.imageSize, key: SUITParameterKey.imageSize)
    try set(&parameters.uri, to: new.uri, key: SUITParameterKey.uri)
    try set(&parameters.fetchArguments, to: new.fetchArguments, key: SUITParameterKey.fetchArguments)
    try set(&parameters.encryptionInfo, to: new.encryptionInfo, key: SUITParameterKey.encryptionInfo)
    if new.componentSlot != nil { throw .unsupportedParameter(SUITParameterKey.componentSlot) }
    if new.strictOrder != nil { throw .unsupportedParameter(SUITParameterKey.strictOrder) }
    if new.softFailure != nil { throw .unsupportedParameter(SUITParameterKey.softFailure) }
    if new.content != nil { throw .unsupportedParameter(SUITParameterKey.content) }
    if new.sourceComponent != nil { throw .unsupportedParameter(SUITParameterKey.sourceComponent) }
    if new.invokeArguments != nil { throw .unsupportedParameter(SUITParameterKey.invokeArguments) }
    for custom in new.custom {
      // Section 8.4.8.14: not in the shared sequence, which devices of other makers read too.
      guard !isShared else { throw .unsupportedParameter(custom.key) }
      switch custom.key {
      case SUITParameterKey.hardwareRevisions:
        try set(&hardwareRevisions, to: custom.hardwareRevisions(), key: custom.key)
      case SUITParameterKey.newVersion:
        try set(&newVersion, to: custom.version(), key: custom.key)
      case SUITParameterKey.requiredVersion:
        try set(&requiredVersion, to: custom.version(), key: custom.key)
      case SUITParameterKey.dependencies:
        try set(&dependencies, to: custom.dependencies(limits: limits), key: custom.key)
      default:
        throw .unsupportedParameter(custom.key)
      }
    }
  }

  private func set<Value>(_ field: inout Value?, to value: Value?, key: Int64) throws(ManifestError) {
    guard let value else { return }
    guard field == nil else { throw .unsupportedParameter(key) }
    field = value
  }

  /// Puts together what was collected.
  ///
  /// A rule that is there but never asked for is refused: its author meant it to be asked for.
  consuming func manifest(
    sequenceNumber: SequenceNumber, component: ComponentIdentifier, metadata: ManifestMetadata
  ) throws(ManifestError) -> Manifest {
    guard let vendorID = parameters.vendorID else {
      throw .missingParameter(SUITParameterKey.vendorIdentifier)
    }
    guard let classID = parameters.classID else { throw .missingParameter(SUITParameterKey.classIdentifier) }
    try require(.device, ifSet: parameters.deviceID, code: SUITCode.deviceIdentifier)
    try require(.hardwareRevision, ifSet: hardwareRevisions, code: SUITCode.hardwareRevision)
    try require(.requiredVersion, ifSet: requiredVersion, code: SUITCode.requiredVersion)
    try require(.dependencies, ifSet: dependencies, code: SUITCode.dependencies)
    guard let digest = parameters.imageDigest else { throw .missingParameter(SUITParameterKey.imageDigest) }
    guard let size = parameters.imageSize else { throw .missingParameter(SUITParameterKey.imageSize) }
    guard let imageSize = UInt32(exactly: size) else { throw .invalid(.imageSize) }
    let image = ImageDescription(digest: digest, size: imageSize)
    let (payloads, imageBlocks) = try payloads(of: image)
    return Manifest(
      sequenceNumber: sequenceNumber, newVersion: newVersion ?? Version(0, 0, 0),
      requiredVersion: requiredVersion, component: component,
      compatibility: Compatibility(
        vendorID: vendorID, classID: classID, deviceID: parameters.deviceID,
        hardwareRevisions: hardwareRevisions),
      image: image, imageBlocks: imageBlocks, payload: payloads[0],
      alternatives: Array(payloads.dropFirst()), dependencies: dependencies ?? [],
      installSteps: isInvoked ? [.fetch, .install, .validate, .invoke] : [.fetch, .install, .validate],
      metadata: metadata)
  }

  /// The payloads, at least one, and the blocks of the image that one of them may bring.
  private func payloads(
    of image: ImageDescription
  ) throws(ManifestError) -> ([PayloadDescription], imageBlocks: BlockDigests?) {
    if alternatives.isEmpty {
      guard let uri = parameters.uri else { throw .missingParameter(SUITParameterKey.uri) }
      guard let encoded = parameters.fetchArguments else {
        // A manifest of another maker: the payload is the image, and all of it one block.
        let blocks = BlockDigests(blockSize: image.size, digests: [image.digest])
        let encryption = try parameters.encryptionInfo.map { (info) throws(ManifestError) in
          try PayloadEncryption(encryptionInfo: info, payloadSize: image.size)
        }
        let payload = PayloadDescription(
          digest: image.digest, size: image.size, uri: uri, encoding: .identity, blocks: blocks,
          encryption: encryption)
        return ([payload], nil)
      }
      let (payload, imageBlocks) = try payload(at: uri, encoded, parameters.encryptionInfo, of: image)
      return ([payload], imageBlocks)
    }
    // Set behind the sequences: a payload that nobody would fetch.
    guard parameters.uri == nil else { throw .unsupportedParameter(SUITParameterKey.uri) }
    guard parameters.fetchArguments == nil else {
      throw .unsupportedParameter(SUITParameterKey.fetchArguments)
    }
    guard parameters.encryptionInfo == nil else {
      throw .unsupportedParameter(SUITParameterKey.encryptionInfo)
    }
    guard alternatives.count <= Manifest.maximumPayloadCount else { throw .limitExceeded(.alternatives) }
    var payloads: [PayloadDescription] = []
    var imageBlocks: BlockDigests?
    for (uri, arguments, info) in alternatives {
      let (payload, blocks) = try payload(at: uri, arguments, info, of: image)
      if let blocks {
        // Twice, one of them would be passed over.
        guard imageBlocks == nil else { throw .invalid(.blocks) }
        imageBlocks = blocks
      }
      payloads.append(payload)
    }
    return (payloads, imageBlocks)
  }

  private func payload(
    at uri: [UInt8], _ encoded: [UInt8], _ encryptionInfo: [UInt8]?, of image: ImageDescription
  ) throws(ManifestError) -> (PayloadDescription, imageBlocks: BlockDigests?) {
    let arguments = try FetchArguments(parsing: encoded.span, image: image, limits: limits)
    var encryption = arguments.encryption
    if let encryptionInfo {
      // Encrypted in two ways at once: nobody says which one is the outer one.
      guard encryption == nil else { throw .invalid(.encryption) }
      encryption = try PayloadEncryption(encryptionInfo: encryptionInfo, payloadSize: arguments.size)
    }
    let payload = PayloadDescription(
      digest: arguments.digest, size: arguments.size, uri: uri, encoding: arguments.encoding,
      blocks: arguments.blocks, encryption: encryption)
    return (payload, arguments.imageBlocks)
  }

  private func require<Value>(
    _ condition: Checked, ifSet parameter: Value?, code: Int64
  ) throws(ManifestError) {
    guard parameter == nil || checked.contains(condition) else { throw .missingCommand(code) }
  }
}
