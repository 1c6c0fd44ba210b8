#if !hasFeature(Embedded)

// The names that the registries have for numbers. Source: draft-ietf-suit-manifest-37, section 12;
// draft-ietf-suit-trust-domains-11, section 9; draft-ietf-suit-update-management, section 7;
// draft-ietf-suit-firmware-encryption (parameter 19).

extension SUITDocument.Step {
  /// The name of the command; `nil` if nobody knows it here.
  public var name: String? {
    switch code {
    case 1: "condition-vendor-identifier"
    case 2: "condition-class-identifier"
    case 3: "condition-image-match"
    case 4: "condition-use-before"
    case 5: "condition-component-slot"
    case 6: "condition-check-content"
    case 7: "condition-dependency-integrity"
    case 8: "condition-is-dependency"
    case 11: "directive-process-dependency"
    case 12: "directive-set-component-index"
    case 14: "condition-abort"
    case 15: "directive-try-each"
    case 18: "directive-write"
    case 19: "directive-set-parameters"
    case 20: "directive-override-parameters"
    case 21: "directive-fetch"
    case 22: "directive-copy"
    case 23: "directive-invoke"
    case 24: "condition-device-identifier"
    case 25: "condition-image-not-match"
    case 26: "condition-minimum-battery"
    case 27: "condition-update-authorized"
    case 28: "condition-version"
    case 29: "directive-wait"
    case 31: "directive-swap"
    case 32: "directive-run-sequence"
    case 33: "directive-unlink"
    case 34: "directive-override-multiple"
    case 35: "directive-copy-params"
    default: nil
    }
  }
}

extension SUITDocument.Parameter {
  /// The name of the parameter; `nil` if nobody knows it here.
  public var name: String? {
    switch key {
    case 1: "vendor-identifier"
    case 2: "class-identifier"
    case 3: "image-digest"
    case 4: "use-before"
    case 5: "component-slot"
    case 12: "strict-order"
    case 13: "soft-failure"
    case 14: "image-size"
    case 18: "content"
    case 19: "encryption-info"
    case 21: "uri"
    case 22: "source-component"
    case 23: "invoke-args"
    case 24: "device-identifier"
    case 25: "fetch-arguments"
    case 26: "minimum-battery"
    case 27: "update-priority"
    case 28: "version"
    case 29: "wait-info"
    case 30: "component-metadata"
    default: nil
    }
  }
}

extension SUITDocument.Section {
  /// The name of the section.
  public var name: String {
    switch self {
    case .validate: "validate"
    case .load: "load"
    case .invoke: "invoke"
    case .dependencyResolution: "dependency-resolution"
    case .payloadFetch: "payload-fetch"
    case .candidateVerification: "candidate-verification"
    case .install: "install"
    case .uninstall: "uninstall"
    }
  }

  /// All sections, in the order in which they run.
  public static let inOrder: [SUITDocument.Section] = [
    .dependencyResolution, .payloadFetch, .candidateVerification, .install, .validate, .load, .invoke,
    .uninstall,
  ]
}

extension SUITDocument.Text {
  /// The name of a text about the whole manifest; `nil` if nobody knows it here.
  public static func name(ofEntry key: Int64) -> String? {
    switch key {
    case 1: "manifest-description"
    case 2: "update-description"
    case 3: "manifest-json-source"
    case 4: "manifest-yaml-source"
    default: nil
    }
  }

  /// The name of a text about a component; `nil` if nobody knows it here.
  public static func name(ofComponentEntry key: Int64) -> String? {
    switch key {
    case 1: "vendor-name"
    case 2: "model-name"
    case 3: "vendor-domain"
    case 4: "model-info"
    case 5: "component-description"
    case 6: "component-version"
    case 7: "version-required"
    case 8: "current-version"
    default: nil
    }
  }
}
#endif
