import Board
import OTACore
import OTACrypto
import OTAPartition

/// Vouches for images that are signed with the key of the factory, and fit where they are to run.
struct LoadableImages: ImageAuthority {
  init(_ keys: Keys) {}

  func authenticate<Device: Flash & ~Copyable, Hash: HashFunction & ~Copyable>(
    _ range: Range<UInt32>, on flash: inout Device, using hash: Hash.Type
  ) throws(AuthorityError) -> AuthenticImage {
    let image: AuthenticImage
    do throws(MCUbootError) {
      let container = try MCUbootContainer(reading: &flash, in: range)
      let contents = try container.digest(on: &flash, using: Hash.self)
      image = AuthenticImage(firmware: container.firmware, digest: contents.digest)
    } catch {
      throw .container(error)
    }
    guard image.firmware.count <= BoardMap.application.count else { throw .outOfRange }
    return image
  }
}
