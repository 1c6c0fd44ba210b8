public import OTACore
public import OTACrypto

/// An image that somebody has vouched for.
public struct AuthenticImage: Equatable, Sendable {
  /// What is to be started: without a header and without what comes behind, as a range of bytes of the device.
  public let firmware: Range<UInt32>
  /// What it was known by: what is measured.
  public let digest: Digest

  /// Makes one from its parts.
  public init(firmware: Range<UInt32>, digest: Digest) {
    self.firmware = firmware
    self.digest = digest
  }
}

/// Why nobody vouches for an image.
public enum AuthorityError: Error, Equatable, Sendable {
  /// The flash refused or failed; with `FlashError.powerLost` if the power went, in a simulation.
  case flash(FlashError)
  /// The bytes are not those of the digest.
  case digestMismatch
  /// The digest is of another function than the one that was given.
  case unsupportedAlgorithm
  /// The image runs out of the range where it is to be.
  case outOfRange
  /// The container is damaged, or not signed by a key that is trusted.
  case container(MCUbootError)
  /// The image is signed, but for something else: its class is missing or another one.
  case wrongClass

  /// The stable number of this error.
  public var code: ErrorCode {
    switch self {
    case .flash(let error): error.code
    case .digestMismatch: .imageDigestMismatch
    case .unsupportedAlgorithm: .unsupportedAlgorithm
    case .outOfRange: .imageTooLarge
    case .container(let error): error.code
    case .wrongClass: .classMismatch
    }
  }

  /// Whether the power went, in a simulation.
  var isPowerLoss: Bool { self == .flash(.powerLost) || self == .container(.flash(.powerLost)) }
}

/// Says which images one stage may start.
///
/// It is compiled into the stage: a digest for an image that never changes (``CompiledInImage``), keys for images that do
/// (``SignedImages``).
public protocol ImageAuthority: ~Copyable {
  /// Reads an image from its first byte to its last and vouches for it.
  ///
  /// - Parameters:
  ///   - range: where the image is, and may at most be; borders of units of reading.
  ///   - flash: the device; it is only read.
  ///   - hash: the function of the image's digest.
  /// - Returns: what is to be started and what is to be measured.
  /// - Throws: ``AuthorityError``, if nobody vouches.
  borrowing func authenticate<Device: Flash & ~Copyable, Hash: HashFunction & ~Copyable>(
    _ range: Range<UInt32>, on flash: inout Device, using hash: Hash.Type
  ) throws(AuthorityError) -> AuthenticImage
}

/// Vouches for one image, by its digest.
///
/// For a golden image that is made before the boot loader: needs no key and no signature, and nothing can revoke it.
public struct CompiledInImage: ImageAuthority, Sendable {
  private let image: ImageDescription

  /// Vouches for this image only.
  ///
  /// - Parameter image: digest and size of all of its bytes, from the start of its range on.
  public init(_ image: ImageDescription) { self.image = image }

  /// Digests the image and compares.
  ///
  /// - Throws: ``AuthorityError/outOfRange``, ``AuthorityError/unsupportedAlgorithm``,
  ///   ``AuthorityError/digestMismatch``, ``AuthorityError/flash(_:)``.
  public func authenticate<Device: Flash & ~Copyable, Hash: HashFunction & ~Copyable>(
    _ range: Range<UInt32>, on flash: inout Device, using hash: Hash.Type
  ) throws(AuthorityError) -> AuthenticImage {
    guard range.upperBound <= flash.geometry.capacity, image.size <= range.size else { throw .outOfRange }
    guard image.digest.algorithm == Hash.algorithm else { throw .unsupportedAlgorithm }
    var isWhole = false
    do throws(FlashError) {
      isWhole = try flash.holds(image, in: range, using: Hash.self)
    } catch {
      throw .flash(error)
    }
    guard isWhole else { throw .digestMismatch }
    return AuthenticImage(
      firmware: range.lowerBound..<range.lowerBound + image.size, digest: image.digest)
  }
}

/// Vouches for images of MCUboot that are signed with keys of its own.
///
/// Each stage needs keys of its own, or a class of its own: otherwise an application, which is rightly signed, could be
/// put where the second stage is.
public struct SignedImages<Verifier: SignatureVerifier>: ImageAuthority, Sendable {
  private let keys: MCUbootKeys
  private let verifier: Verifier
  private let classID: UniversalIdentifier?
  private let securityCounter: UInt32?

  /// Trusts keys.
  ///
  /// - Parameters:
  ///   - keys: who may sign for this stage.
  ///   - verifier: checks the signatures.
  ///   - classID: what the class of an image must be, in its signed part; `nil` if any image of these keys is meant for
  ///     this stage.
  ///   - securityCounter: the lowest counter that an image may have in its signed part, from memory that nobody can set
  ///     back; `nil` leaves rollback protection to the journal alone.
  public init(
    _ keys: MCUbootKeys, verifier: Verifier, classID: UniversalIdentifier? = nil,
    securityCounter: UInt32? = nil
  ) {
    self.keys = keys
    self.verifier = verifier
    self.classID = classID
    self.securityCounter = securityCounter
  }

  /// Checks hash and signature of the container at the start of the range, and what it says it is for.
  ///
  /// - Returns: the firmware in the container, and the hash that was signed.
  /// - Throws: ``AuthorityError/container(_:)`` with what ``MCUbootContainer/verify(on:using:verifier:keys:)`` and
  ///   ``MCUbootContents/requireSecurityCounter(atLeast:)`` throw; ``AuthorityError/wrongClass``.
  public func authenticate<Device: Flash & ~Copyable, Hash: HashFunction & ~Copyable>(
    _ range: Range<UInt32>, on flash: inout Device, using hash: Hash.Type
  ) throws(AuthorityError) -> AuthenticImage {
    let authentic: AuthenticImage
    let isOfClass: Bool
    do throws(MCUbootError) {
      let container = try MCUbootContainer(reading: &flash, in: range)
      let image = try container.verify(on: &flash, using: Hash.self, verifier: verifier, keys: keys)
      if let securityCounter { try image.contents.requireSecurityCounter(atLeast: securityCounter) }
      isOfClass = classID == nil || image.contents.classID == classID
      authentic = AuthenticImage(firmware: container.firmware, digest: image.contents.digest)
    } catch {
      throw .container(error)
    }
    guard isOfClass else { throw .wrongClass }
    return authentic
  }
}
