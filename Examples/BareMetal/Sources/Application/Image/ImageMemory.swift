import OTADelta
import Startup

/// The image that runs, as it stands in flash.
struct ImageMemory: ImageSource {
  enum Failure: UInt8, Error {
    case outOfRange
  }

  /// How many bytes the image has.
  var size: UInt32 { UInt32(ota_image_length()) }

  func read(into destination: inout MutableSpan<UInt8>, at offset: UInt32) throws(Failure) {
    guard offset <= size, destination.count <= Int(size - offset) else { throw .outOfRange }
    for index in 0..<destination.count { destination[index] = ota_image_byte(Int(offset) + index) }
  }
}
