// The numbers of the format. Source: draft-ietf-suit-manifest-37, appendix A (full CDDL); the negative ones are in
// the range for private use and are described in Docs/ManifestFormat.md (project decision).

/// Keys of the envelope and of the manifest; both share the numbers of severable members.
enum SUITKey {
  static var envelopeTag: UInt64 { 107 }
  static var authenticationWrapper: Int64 { 2 }
  static var manifest: Int64 { 3 }

  static var version: Int64 { 1 }
  static var sequenceNumber: Int64 { 2 }
  static var common: Int64 { 3 }
  static var referenceURI: Int64 { 4 }
  static var componentName: Int64 { 5 }
  static var setVersion: Int64 { 6 }
  static var validate: Int64 { 7 }
  static var load: Int64 { 8 }
  static var invoke: Int64 { 9 }
  static var softwareIdentity: Int64 { 14 }
  static var dependencyResolution: Int64 { 15 }
  static var payloadFetch: Int64 { 16 }
  static var candidateVerification: Int64 { 18 }
  static var install: Int64 { 20 }
  static var text: Int64 { 23 }
  static var uninstall: Int64 { 24 }

  static var dependencies: Int64 { 1 }
  static var components: Int64 { 2 }
  static var sharedSequence: Int64 { 4 }

  static var dependencyPrefix: Int64 { 1 }
}

/// Codes of commands.
enum SUITCode {
  static var vendorIdentifier: Int64 { 1 }
  static var classIdentifier: Int64 { 2 }
  static var imageMatch: Int64 { 3 }
  static var componentSlot: Int64 { 5 }
  static var checkContent: Int64 { 6 }
  static var setComponentIndex: Int64 { 12 }
  static var abort: Int64 { 14 }
  static var tryEach: Int64 { 15 }
  static var write: Int64 { 18 }
  static var setParameters: Int64 { 19 }
  static var overrideParameters: Int64 { 20 }
  static var fetch: Int64 { 21 }
  static var copy: Int64 { 22 }
  static var invoke: Int64 { 23 }
  static var deviceIdentifier: Int64 { 24 }
  static var version: Int64 { 28 }
  static var swap: Int64 { 31 }
  static var runSequence: Int64 { 32 }

  static var hardwareRevision: Int64 { -257 }
  static var requiredVersion: Int64 { -259 }
  static var dependencies: Int64 { -260 }
  static var usablePayload: Int64 { -261 }

  /// Numbers below this one are for private use.
  static var lastRegistered: Int64 { -256 }
}

/// Keys of parameters.
enum SUITParameterKey {
  static var enterpriseNumberTag: UInt64 { 112 }

  static var vendorIdentifier: Int64 { 1 }
  static var classIdentifier: Int64 { 2 }
  static var imageDigest: Int64 { 3 }
  static var componentSlot: Int64 { 5 }
  static var strictOrder: Int64 { 12 }
  static var softFailure: Int64 { 13 }
  static var imageSize: Int64 { 14 }
  static var content: Int64 { 18 }
  static var encryptionInfo: Int64 { 19 }
  static var uri: Int64 { 21 }
  static var sourceComponent: Int64 { 22 }
  static var invokeArguments: Int64 { 23 }
  static var deviceIdentifier: Int64 { 24 }
  static var fetchArguments: Int64 { 25 }
  static var version: Int64 { 28 }

  static var hardwareRevisions: Int64 { -257 }
  static var newVersion: Int64 { -258 }
  static var requiredVersion: Int64 { -259 }
  static var dependencies: Int64 { -260 }
}

/// Keys of the map inside the fetch arguments, and of the maps about a patch and about a container in it.
enum FetchArgumentKey {
  static var payloadDigest: Int64 { 1 }
  static var payloadSize: Int64 { 2 }
  static var blockSize: Int64 { 3 }
  static var blockDigests: Int64 { 4 }
  static var delta: Int64 { 5 }
  static var imageBlockSize: Int64 { 6 }
  static var imageBlockDigests: Int64 { 7 }
  static var container: Int64 { 8 }

  static var deltaFormat: Int64 { 1 }
  static var deltaSourceDigest: Int64 { 2 }
  static var deltaSourceSize: Int64 { 3 }
  static var deltaMemory: Int64 { 4 }

  static var containerFormat: Int64 { 1 }
  static var containerSize: Int64 { 2 }
  static var containerChunkSize: Int64 { 3 }
  static var containerRecipients: Int64 { 4 }
}

/// Keys of texts.
enum SUITTextKey {
  static var updateDescription: Int64 { 2 }
  static var vendorName: Int64 { 1 }
  static var modelName: Int64 { 2 }
}
