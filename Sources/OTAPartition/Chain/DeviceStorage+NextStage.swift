import OTACore
import OTACrypto

/// What the journal selects and the authority vouches for; not measured yet.
struct StageCandidate {
  var decision: BootDecision
  var image: AuthenticImage
  var boot: BootState
}

/// Why no slot has a next stage.
enum StageRefusal: Error {
  /// The boot manager found nothing.
  case boot(BootError)
  /// What it found is not authentic, and neither is what is in the other slot.
  case authority(AuthorityError)
  /// The power went, in a simulation.
  case powerLost

  var code: ErrorCode {
    switch self {
    case .boot(let error): error.code
    case .authority(let error): error.code
    case .powerLost: .flashPowerLost
    }
  }

  var isPowerLoss: Bool {
    switch self {
    case .boot(let error): error == .storage(.flash(.powerLost))
    case .authority(let error): error.isPowerLoss
    case .powerLost: true
    }
  }
}

extension DeviceStorage where Device: ~Copyable {
  /// Decides what boots, by the journal and then by the authority.
  ///
  /// - Throws: if no slot holds an image that passes both.
  mutating func nextStage<Authority: ImageAuthority & ~Copyable, Hash: HashFunction & ~Copyable>(
    authority: borrowing Authority, hash: Hash.Type
  ) throws(StageRefusal) -> StageCandidate {
    let decision: BootDecision
    do throws(BootError) {
      decision = try BootManager.boot(&self, hash: Hash.self)
    } catch {
      throw .boot(error)
    }
    let refusal: AuthorityError
    do throws(AuthorityError) {
      let image = try authenticate(decision.image, in: decision.slot, authority: authority, hash: Hash.self)
      return StageCandidate(decision: decision, image: image, boot: state.boot)
    } catch {
      guard !error.isPowerLoss else { throw .powerLost }
      refusal = error
    }
    return try replacement(of: decision, refused: refusal, authority: authority, hash: Hash.self)
  }

  /// Takes the other slot in place of one that the authority has refused, if it passes the same tests.
  ///
  /// It is tried before anything is committed: a record never leads to an image that does not boot.
  private mutating func replacement<Authority: ImageAuthority & ~Copyable, Hash: HashFunction & ~Copyable>(
    of decision: BootDecision, refused refusal: AuthorityError, authority: borrowing Authority,
    hash: Hash.Type
  ) throws(StageRefusal) -> StageCandidate {
    let slot = decision.slot.other
    guard let record = state.boot[slot], record.sequenceNumber >= state.boot.securityCounter else {
      throw .authority(refusal)
    }
    var image: AuthenticImage
    do throws(AuthorityError) {
      guard try isWhole(record, in: slot, hash: Hash.self) else { throw .digestMismatch }
      image = try authenticate(record, in: slot, authority: authority, hash: Hash.self)
    } catch {
      throw error.isPowerLoss ? .powerLost : .authority(refusal)
    }
    let isTrial: Bool
    switch state.boot.selection {
    case .trial: isTrial = true
    case .confirmed: isTrial = false
    }
    var isRecorded = true
    do throws(StorageError) {
      if isTrial { try revert(refusal.code) } else { try fallBack(to: slot) }
    } catch {
      guard error != .flash(.powerLost) else { throw .powerLost }
      isRecorded = false
    }
    if !isInPlace(slot) {
      guard isRecorded else { throw .authority(refusal) }
      image = try placed(slot, refused: refusal, authority: authority, hash: Hash.self)
    }
    let kind: BootDecision.Kind = isTrial ? .reverted(refusal.code) : .fallback
    return StageCandidate(
      decision: BootDecision(slot: slot, image: record, kind: kind, isRecorded: isRecorded), image: image,
      boot: state.boot)
  }

  /// Brings the images of the slot that is selected now to where they run, and asks the authority again there.
  private mutating func placed<Authority: ImageAuthority & ~Copyable, Hash: HashFunction & ~Copyable>(
    _ slot: SlotIdentifier, refused refusal: AuthorityError, authority: borrowing Authority, hash: Hash.Type
  ) throws(StageRefusal) -> AuthenticImage {
    let decision: BootDecision
    do throws(BootError) {
      decision = try BootManager.boot(&self, hash: Hash.self)
    } catch {
      throw .boot(error)
    }
    guard decision.slot == slot else { throw .authority(refusal) }
    do throws(AuthorityError) {
      return try authenticate(decision.image, in: slot, authority: authority, hash: Hash.self)
    } catch {
      throw error.isPowerLoss ? .powerLost : .authority(refusal)
    }
  }

  private mutating func isWhole<Hash: HashFunction & ~Copyable>(
    _ record: ImageRecord, in slot: SlotIdentifier, hash: Hash.Type
  ) throws(AuthorityError) -> Bool {
    do throws(StorageError) {
      return try holds(record, in: slot, using: Hash.self)
    } catch {
      // Anything but a loss of power counts as not whole already.
      throw .flash(.powerLost)
    }
  }

  /// Asks the authority for the bytes that the journal has a digest of, of every image, and for no others.
  ///
  /// - Returns: the first image, which is the one to jump to.
  private mutating func authenticate<Authority: ImageAuthority & ~Copyable, Hash: HashFunction & ~Copyable>(
    _ record: ImageRecord, in slot: SlotIdentifier, authority: borrowing Authority, hash: Hash.Type
  ) throws(AuthorityError) -> AuthenticImage {
    guard fits(record, in: slot) else { throw .outOfRange }
    for index in 1..<record.count {
      guard let size = record[image: index]?.size, size > 0 else { continue }
      let start = range(of: slot, image: index).lowerBound
      _ = try authority.authenticate(start..<start + size, on: &flash, using: Hash.self)
    }
    let start = range(of: slot).lowerBound
    return try authority.authenticate(start..<start + record.image.size, on: &flash, using: Hash.self)
  }
}
