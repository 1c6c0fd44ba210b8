public import OTACore
public import OTACrypto

/// What a boot loader has come to; ``BootLoader/start(layout:recovery:hash:opening:)``.
public enum BootStart<Device: Flash & ~Copyable>: ~Copyable {
  /// An image in a slot boots. The storage is open and handed over.
  case image(BootDecision, DeviceStorage<Device>)
  /// No slot boots; the golden image does.
  case recovery(RecoveryDecision)
}

/// The whole of a boot loader, from the flash device to what is jumped to.
///
/// ``BootManager`` needs a journal that can be read and a slot that verifies. This is for when one of the two is missing:
/// whatever is wrong, the golden image boots, and knows the cause.
public enum BootLoader {
  /// Opens the storage and picks what boots.
  ///
  /// A journal that is empty, destroyed or of another version, a device that fails, a layout that does not fit or lies over
  /// the golden image, and two slots that do not boot all lead to the golden image. It is verified then, and not at
  /// starts that do without it.
  ///
  /// - Parameters:
  ///   - layout: where slots and journal are.
  ///   - recovery: where the golden image is, on the same device.
  ///   - hash: the function of all digests.
  ///   - makeFlash: opens the device; called once more when it comes to the golden image, because the device may be lost
  ///     with a storage that could not be opened.
  /// - Returns: what to jump to.
  /// - Throws: ``StartError/nothingBoots(_:recovery:)`` if the golden image does not verify either; a boot loader with
  ///   another golden image on another device then calls ``recover(_:securityCounter:recovery:hash:on:)`` with the cause.
  ///   ``StartError/powerLost``.
  /// - Complexity: as ``BootManager/boot(_:hash:)``, and one reading of the golden image where it is needed. Nothing is
  ///   written on the way to the golden image that ``BootManager`` does not write.
  public static func start<
    Device: Flash & ~Copyable, Authority: ImageAuthority, Hash: HashFunction & ~Copyable
  >(
    layout: DeviceLayout, recovery: RecoveryPartition<Authority>, hash: Hash.Type,
    opening makeFlash: () -> Device
  ) throws(StartError) -> BootStart<Device> {
    var cause: ErrorCode
    var securityCounter: SequenceNumber?
    do throws(StorageError) {
      var storage = try open(layout: layout, recovery: recovery, makeFlash)
      do throws(BootError) {
        let decision = try BootManager.boot(&storage, hash: Hash.self)
        return .image(decision, storage)
      } catch {
        guard error != .storage(.flash(.powerLost)) else { throw StorageError.flash(.powerLost) }
        cause = error.code
        securityCounter = storage.state.boot.securityCounter
      }
    } catch {
      guard error != .flash(.powerLost) else { throw .powerLost }
      cause = error.code
    }
    var flash = makeFlash()
    return .recovery(
      try recover(
        cause, securityCounter: securityCounter, recovery: recovery, hash: Hash.self, on: &flash))
  }

  /// Verifies the golden image, whatever is in the slots.
  ///
  /// For causes from outside: a partition table that cannot be read, a button that somebody holds down.
  ///
  /// - Parameters:
  ///   - cause: why.
  ///   - securityCounter: the lowest sequence number that may be installed, if it is known.
  ///   - recovery: where the golden image is.
  ///   - hash: the function of its digest.
  ///   - flash: the device; it is only read.
  /// - Returns: what to jump to.
  /// - Throws: ``StartError/nothingBoots(_:recovery:)``, ``StartError/powerLost``.
  public static func recover<
    Device: Flash & ~Copyable, Authority: ImageAuthority, Hash: HashFunction & ~Copyable
  >(
    _ cause: ErrorCode, securityCounter: SequenceNumber? = nil, recovery: RecoveryPartition<Authority>,
    hash: Hash.Type, on flash: inout Device
  ) throws(StartError) -> RecoveryDecision {
    do throws(AuthorityError) {
      let image = try recovery.authority.authenticate(recovery.range, on: &flash, using: Hash.self)
      return RecoveryDecision(image: image, cause: cause, securityCounter: securityCounter)
    } catch {
      guard !error.isPowerLoss else { throw .powerLost }
      throw .nothingBoots(cause, recovery: error)
    }
  }

  /// Opens the storage, unless it could write to the golden image.
  static func open<Device: Flash & ~Copyable, Authority: ImageAuthority>(
    layout: DeviceLayout, recovery: RecoveryPartition<Authority>, _ makeFlash: () -> Device
  ) throws(StorageError) -> DeviceStorage<Device> {
    do throws(LayoutError) {
      try recovery.requireApart(from: layout)
    } catch {
      throw .layout(error)
    }
    return try DeviceStorage(opening: makeFlash(), layout: layout)
  }
}
