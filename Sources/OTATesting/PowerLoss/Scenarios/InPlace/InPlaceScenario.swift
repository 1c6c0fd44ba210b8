import OTACore
import OTACrypto
public import OTAFlashSimulator
public import OTAInPlace
public import OTAPartition

/// An update in place, from its first byte to its report, on the engine as it is.
///
/// At each start the device opens its journal and boots, which finishes whatever is half done, and then does what the
/// journal says: stages the payload and requests the update; confirms it, gives it up, or says nothing; reports. What
/// boots is compared byte for byte with the two images that there are.
public struct InPlaceScenario: PowerLossScenario {
  /// What becomes of the new image on trial.
  public enum Fate: UInt8, Sendable, CaseIterable {
    /// It passes its health check.
    case healthy
    /// It fails its health check, and gives itself up.
    case unhealthy
    /// It never gets so far as to say anything.
    case hanging
  }

  /// How an image becomes another one, in erase blocks of the slot.
  public struct Shape: Equatable, Sendable {
    /// How far the image is moved up first; at least 1.
    public var shift: UInt32
    /// How many blocks a segment makes; from 1 to the shift.
    public var segment: UInt32

    /// Takes both.
    public init(shift: UInt32, segment: UInt32) {
      self.shift = shift
      self.segment = segment
    }
  }

  /// Where slot, store and journal are.
  public let layout: InPlaceLayout
  /// What becomes of the new image.
  public let fate: Fate
  /// Provisioned with the old image, with remains of another life around it.
  public let device: SimulatedFlash

  /// The image that the device has before, and the one that it is updated to.
  let old: ImageSet
  let new: ImageSet
  /// The patch to the new image, and the one back.
  let payload: [UInt8]
  /// How often the new image may boot without being confirmed: more often than there are cuts, unless it hangs.
  var attempts: UInt8 { fate == .hanging ? 2 : 16 }
  /// How many bytes the agent gets at a time; no multiple of anything.
  let chunkSize = 390

  /// Provisions a device.
  ///
  /// - Parameters:
  ///   - geometry: of the device.
  ///   - layout: made for it.
  ///   - oldSize: the size of the image that the device has; not 0.
  ///   - newSize: the size of the one that it gets; not 0.
  ///   - shape: how the old image becomes the new one, and back.
  ///   - fate: what becomes of the new image.
  ///   - writeToUsed: what happens to writes over units that are in use.
  /// - Throws: ``PowerLossFailure`` if images or payload do not fit the layout.
  public init(
    geometry: FlashGeometry, layout: InPlaceLayout, oldSize: Int, newSize: Int, shape: Shape, fate: Fate,
    writeToUsed: SimulatedFlash.WriteToUsed = .isRefused
  ) throws(PowerLossFailure) {
    guard let block = geometry.eraseBlock(containing: layout.slot.lowerBound) else {
      throw PowerLossFailure("the layout is of another device")
    }
    self.layout = layout
    self.fate = fate
    old = ImageSet(sizes: [oldSize], sequenceNumber: 5)
    new = ImageSet(sizes: [newSize], sequenceNumber: 6)
    let blockSize = UInt32(block.count)
    let (shift, segmentSize) = (shape.shift * blockSize, shape.segment * blockSize)
    payload =
      DifferenceCodec.patch(from: old.bytes, to: new.bytes, shift: shift, segmentSize: segmentSize)
      + DifferenceCodec.patch(from: new.bytes, to: old.bytes, shift: shift, segmentSize: segmentSize)
    let needed = max(oldSize + Int(shift), newSize + Int(shift))
    guard needed <= layout.slot.count, payload.count <= layout.store.count else {
      throw PowerLossFailure("images of \(oldSize) and \(newSize) bytes do not fit")
    }
    device = try InPlaceScenario.provisioned(
      old, geometry: geometry, layout: layout, writeToUsed: writeToUsed)
  }

  /// Slot, store and journal.
  public var mayChange: [Range<UInt32>] { [layout.slot, layout.store, layout.journalA, layout.journalB] }

  /// What the manifest verifier would hand over.
  func verifiedManifest() -> VerifiedManifest {
    var manifest = new.manifest
    manifest.payload = PayloadDescription(
      digest: SHA256.digest(of: payload.span), size: UInt32(payload.count), uri: [],
      encoding: .delta(DeltaDescription(format: .native, source: old.record.image, memory: 0)),
      blocks: BlockDigests(blockSize: 4096, digests: []))
    return VerifiedManifest(manifest: manifest, updateID: new.updateID)
  }

  /// A device that runs an image, with the remains of another life where it is not.
  private static func provisioned(
    _ image: ImageSet, geometry: FlashGeometry, layout: InPlaceLayout,
    writeToUsed: SimulatedFlash.WriteToUsed
  ) throws(PowerLossFailure) -> SimulatedFlash {
    var flash = SimulatedFlash(geometry)
    do throws(FlashError) {
      try flash.litter(around: [layout.slot, layout.store, layout.journalA, layout.journalB])
      var bytes = image.bytes
      while bytes.count % Int(geometry.writeSize) != 0 { bytes.append(geometry.erasedByte) }
      guard let last = geometry.eraseBlock(containing: layout.slot.lowerBound + UInt32(bytes.count) - 1)
      else { throw .outOfBounds }
      try flash.erase(layout.slot.lowerBound..<last.upperBound)
      try flash.write(bytes.span, at: layout.slot.lowerBound)
    } catch {
      throw PowerLossFailure("the image cannot be written: \(error)")
    }
    do throws(InPlaceError) {
      flash = try InPlaceStorage.provision(flash, layout: layout, image: image.record, hash: SHA256.self)
        .closed()
    } catch {
      throw PowerLossFailure("the device cannot be provisioned: \(error)")
    }
    flash.writeToUsed = writeToUsed
    flash.resetCounters()
    return flash
  }
}
