import OTACore
public import OTACrypto

/// The keys that have signed the images of a slot, as they were verified: what ends the life of the keys before them.
///
/// Only an image whose signature was checked gets its key in here.
public struct ImageSigners: Sendable {
  /// The most images that a slot has.
  public static var capacity: Int { 4 }

  /// How many images were looked at.
  public private(set) var count = 0
  private var keys = InlineArray<4, PublicKey?>(repeating: nil)

  /// Nobody yet.
  public init() {}

  /// The key of an image, in the order in which they were added.
  ///
  /// - Precondition: the index is from 0 to ``count`` - 1.
  public subscript(index: Int) -> PublicKey {
    guard index >= 0, index < count, let key = keys[index] else { preconditionFailure("no such image") }
    return key
  }

  /// Adds the key of the next image.
  ///
  /// - Parameters:
  ///   - image: verified, with whatever keys and backend.
  ///   - state: the trust anchors; the key must be good for booting.
  ///   - hash: the function of the image's hash.
  /// - Throws: ``MCUbootError/keyNotTrusted`` if the image is signed with another key; ``MCUbootError/tooManyKeys`` for
  ///   more images than a slot has.
  public mutating func append<Hash: HashFunction & ~Copyable>(
    _ image: borrowing VerifiedMCUbootImage, trusting state: borrowing TrustState, using hash: Hash.Type
  ) throws(MCUbootError) {
    guard count < ImageSigners.capacity else { throw .tooManyKeys }
    let name = image.keyHash
    append(try state.imageKeys(for: .booting).key(named: name.bytes, isWholeKey: false, using: hash))
  }

  /// Adds a key, with nothing behind it: for tests.
  package mutating func append(_ key: PublicKey) {
    guard count < ImageSigners.capacity else { return }
    keys[count] = key
    count += 1
  }
}

extension DeviceStorage where Device: ~Copyable {
  /// Checks the signatures of all images that run, for ``TrustAnchorStore/retire(on:signers:from:)``.
  ///
  /// - Parameters:
  ///   - state: the trust anchors; what they accept for booting is accepted here.
  ///   - verifier: checks the signatures, for Ed25519 a ``TrustedMCUbootKeys`` with ``TrustState/imageKeys(for:)``. A key
  ///     that only the verifier trusts does not count.
  ///   - hash: the function of the images' hashes.
  /// - Returns: whose they are.
  /// - Throws: what ``MCUbootContainer/verify(on:using:by:)`` throws, for an image that is not one of MCUboot too;
  ///   ``MCUbootError/keyNotTrusted``; ``MCUbootError/noImage`` if nothing is recorded for the slot that runs.
  /// - Complexity: reads all images that run.
  public mutating func signersOfRunningImage<Hash: HashFunction & ~Copyable>(
    trusting state: TrustState, by verifier: some MCUbootSignatureVerifier, using hash: Hash.Type
  ) throws(MCUbootError) -> ImageSigners {
    guard let record = self.state.boot[runningSlot] else { throw .noImage }
    return try signers(
      of: record, in: runningSlot, trusting: state, for: .booting, by: verifier, using: hash)
  }

  /// Checks the signatures of all images that are to be activated, with the keys that may install.
  ///
  /// For devices whose boot loader asks for signatures: so no image comes on trial that a key which was left out has
  /// signed, and none that the next boot would refuse.
  ///
  /// - Parameters:
  ///   - image: what is to be activated next.
  ///   - state: the trust anchors; what they accept for installing is accepted here.
  ///   - verifier: checks the signatures, as for ``signersOfRunningImage(trusting:by:using:)``.
  ///   - hash: the function of the images' hashes.
  /// - Throws: what ``MCUbootContainer/verify(on:using:by:)`` throws; ``MCUbootError/keyNotTrusted``.
  /// - Complexity: reads all images of the update.
  public mutating func requireSignatures<Hash: HashFunction & ~Copyable>(
    under image: borrowing VerifiedImage, trusting state: TrustState,
    by verifier: some MCUbootSignatureVerifier, using hash: Hash.Type
  ) throws(MCUbootError) {
    let (record, slot) = (image.staging.record, image.staging.slot)
    _ = try signers(of: record, in: slot, trusting: state, for: .installing, by: verifier, using: hash)
  }

  private mutating func signers<Hash: HashFunction & ~Copyable>(
    of record: ImageRecord, in slot: SlotIdentifier, trusting state: TrustState, for use: KeyUse,
    by verifier: some MCUbootSignatureVerifier, using hash: Hash.Type
  ) throws(MCUbootError) -> ImageSigners {
    guard fits(record, in: slot) else { throw .tooLarge }
    var signers = ImageSigners()
    for index in 0..<record.count {
      // A set may do without an image beside the first; nothing of it boots.
      guard let size = record[image: index]?.size, size > 0 else { continue }
      let start = range(of: slot, image: index).lowerBound
      let container = try MCUbootContainer(reading: &flash, in: start..<start + size)
      let image = try container.verify(on: &flash, using: hash, by: verifier)
      try signers.append(image, trusting: state, using: hash)
      guard state.accepts(signers[signers.count - 1], for: .image, to: use) else { throw .keyNotTrusted }
    }
    return signers
  }
}
