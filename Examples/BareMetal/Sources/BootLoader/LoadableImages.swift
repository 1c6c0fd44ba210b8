import Board
import Ed25519
import OTACore
import OTACrypto
import OTAPartition

/// Vouches for images that are signed with the key of the factory, and fit where they are to run.
struct LoadableImages: ImageAuthority {
  private let signed: SignedImages<Ed25519Verifier>

  /// Takes the key of images.
  init(_ keys: Keys) {
    signed = SignedImages(MCUbootKeys(keys.image), verifier: Ed25519Verifier())
  }

  func authenticate<Device: Flash & ~Copyable, Hash: HashFunction & ~Copyable>(
    _ range: Range<UInt32>, on flash: inout Device, using hash: Hash.Type
  ) throws(AuthorityError) -> AuthenticImage {
    let image = try signed.authenticate(range, on: &flash, using: Hash.self)
    guard image.firmware.count <= BoardMap.application.count else { throw .outOfRange }
    return image
  }
}
