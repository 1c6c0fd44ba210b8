/// What a build of the decoder takes.
///
/// A host takes every patch; firmware only those that are for small decoders, because the rest of the model would be a
/// large part of its code and need memory that it does not have.
///
/// Known when the code is compiled: what ``current`` does not have is not in the program.
///
/// - Note: Source: project decision, recorded in Docs/DeltaFormat.md, "Memory" and "Instructions".
struct DecoderProfile {
  /// Whether models have many contexts, and look logits up.
  let hasLargeModels: Bool
  /// Whether both images may be in memory, and matches are looked for in them.
  let hasMatches: Bool
  /// Whether pointers of 64 bits are corrected.
  let hasWidePointers: Bool

  /// That of a host.
  static var full: DecoderProfile {
    DecoderProfile(hasLargeModels: true, hasMatches: true, hasWidePointers: true)
  }

  /// That of firmware; a processor of 32 bits with Thumb code has no pointers of 64 bits.
  static func small(hasWidePointers: Bool) -> DecoderProfile {
    DecoderProfile(hasLargeModels: false, hasMatches: false, hasWidePointers: hasWidePointers)
  }

  #if !hasFeature(Embedded)
  /// That of this build.
  static var current: DecoderProfile { full }
  #elseif arch(arm)
  /// That of this build.
  static var current: DecoderProfile { small(hasWidePointers: false) }
  #else
  /// That of this build.
  static var current: DecoderProfile { small(hasWidePointers: true) }
  #endif

  /// Whether a patch with this header can be decoded.
  func takes(_ header: NativeHeader) -> Bool {
    (hasLargeModels || header.slotBits < NativeLayout.smallBits) && (hasMatches || header.matchBits == 0)
      && (hasWidePointers || header.architecture != .pointers64)
  }

  /// Whether regions of a kind can be decoded.
  func takes(_ kind: RegionKind) -> Bool { hasWidePointers || kind != .pointers64 }
}
