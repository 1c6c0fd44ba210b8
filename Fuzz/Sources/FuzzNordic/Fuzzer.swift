import OTACore
import OTACrypto
import OTANordicDFU
import OTAPartition

/// Any bytes are an init packet, a command, an older packet or an archive, or a typed error; what is read of the first two is
/// written the same, and archives stay within their limits.
///
/// The first byte of the input says what the rest is.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: start, count: count))
  guard let kind = input.first else { return 0 }
  let bytes = Array(input.dropFirst())
  switch kind % 4 {
  case 0: readPacket(bytes)
  case 1: readCommand(bytes)
  case 2: readLegacy(bytes)
  default: readArchive(bytes)
  }
  return 0
}

private func readPacket(_ bytes: [UInt8]) {
  do throws(NordicError) {
    let packet = try NordicInitPacket(parsing: bytes.span)
    _ = try packet.verify(AnyVerifier())
  } catch {
    _ = error.code
  }
}

private func readCommand(_ bytes: [UInt8]) {
  do throws(NordicError) {
    let command = try NordicInitCommand(parsing: bytes.span)
    let written = command.serialized
    // Empty lists say the same when they are left out.
    guard written.count == bytes.count else {
      let again = try NordicInitCommand(parsing: written.span)
      precondition(again == command, "a command that was read is written otherwise")
      return
    }
    precondition(written == bytes, "a command that was read is written otherwise")
  } catch {
    _ = error.code
  }
}

private func readLegacy(_ bytes: [UInt8]) {
  do throws(NordicError) {
    try NordicLegacyPacket(parsing: bytes.span).verify(bytes, by: AnyVerifier())
  } catch {
    _ = error.code
  }
}

private func readArchive(_ bytes: [UInt8]) {
  let limits = Limits(
    package: PackageLimits(fileCount: 8, fileSize: 10_000, totalSize: 20_000, manifestSize: 2_000))
  do throws(NordicPackageError) {
    let package = try NordicPackage(reading: bytes, limits: limits)
    for image in package.images {
      precondition(image.firmware.count <= limits.package.fileSize && !image.firmwareName.contains("/"))
    }
    _ = try package.verify(AnyVerifier())
  } catch {
    _ = error.code
  }
}

/// Takes every signature of the right length.
private struct AnyVerifier: NordicSignatureVerifier {
  func verify(signature: Span<UInt8>, of message: Span<UInt8>) throws(CryptoError) {
    guard signature.count == 64 else { throw .authenticationFailed }
  }
}
