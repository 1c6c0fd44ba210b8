/// What must be refused, and must then have changed nothing.
extension FlashProbe where Device: ~Copyable, Findings: ~Copyable {
  mutating func checkAlignment(_ buffer: inout MutableSpan<UInt8>) {
    prepare(&buffer)
    let unit = geometry.writeSize
    if unit > 1 {
      refuseWrite(at: first.lowerBound + 1, count: unit, &buffer)
      refuseWrite(at: first.lowerBound, count: unit - 1, &buffer)
      refuseWrite(at: first.lowerBound, count: unit + 1, &buffer)
    }
    if geometry.readSize > 1 {
      let offset = first.lowerBound + 1
      let error = readError(at: offset, count: geometry.readSize, &buffer)
      if error != .notAligned {
        fail(.alignmentIsNotChecked, after: .read, offset..<offset + geometry.readSize, error)
      }
    }
    refuseMisalignedErase(first.lowerBound + 1..<first.upperBound)
    refuseMisalignedErase(first.lowerBound..<first.upperBound - 1)
    expectPrepared(&buffer)
  }

  mutating func checkRewriting(_ buffer: inout MutableSpan<UInt8>) {
    prepare(&buffer)
    let unit = first.lowerBound..<first.lowerBound + geometry.writeSize
    var old = InlineArray<32, UInt8>(repeating: 0)
    for index in 0..<Int(geometry.writeSize) {
      old[index] = byte(at: unit.lowerBound + UInt32(index), salt: 0)
      buffer[index] = ~old[index]
    }
    let error = writeError(at: unit.lowerBound, count: geometry.writeSize, buffer)
    _ = readError(at: unit.lowerBound, count: geometry.writeSize, &buffer)
    var isOld = true
    var isNew = true
    var isCombined = true
    for index in 0..<Int(geometry.writeSize) {
      let new = ~old[index]
      let combined = geometry.erasedByte == 0xff ? old[index] & new : old[index] | new
      isOld = isOld && buffer[index] == old[index]
      isNew = isNew && buffer[index] == new
      isCombined = isCombined && buffer[index] == combined
    }
    if geometry.isMultiwrite {
      if error != nil || !isCombined { fail(.rewriteIsWrong, after: .write, unit, error) }
    } else if let error {
      if error != .notErased {
        fail(.rewriteIsWrong, after: .write, unit, error)
      } else if !isOld {
        fail(.refusalHasEffect, after: .write, unit, error)
      }
    } else if isNew {
      // As if the unit had been erased.
      fail(.rewriteIsWrong, after: .write, unit)
    }
  }

  mutating func checkNothing(_ buffer: inout MutableSpan<UInt8>) {
    prepare(&buffer)
    tryNothing(at: 0, &buffer)
    tryNothing(at: first.upperBound, &buffer)
    tryNothing(at: geometry.capacity, &buffer)
    expectPrepared(&buffer)
  }

  private mutating func tryNothing(at offset: UInt32, _ buffer: inout MutableSpan<UInt8>) {
    let range = offset..<offset
    if let error = writeError(at: offset, count: 0, buffer) {
      fail(.failsWithoutCause, after: .write, range, error)
    }
    if let error = readError(at: offset, count: 0, &buffer) {
      fail(.failsWithoutCause, after: .read, range, error)
    }
    if let error = eraseError(range) { fail(.failsWithoutCause, after: .erase, range, error) }
  }

  /// Reads and writes what is not inside the device.
  mutating func refuse(at offset: UInt32, count: UInt32, _ buffer: inout MutableSpan<UInt8>) {
    guard UInt64(offset) + UInt64(count) > UInt64(geometry.capacity) else { return }
    let isRead = readError(at: offset, count: count, &buffer)
    if isRead != .outOfBounds {
      findings.add(FlashFinding(.boundsAreNotChecked, after: .read, at: offset, count: count, error: isRead))
    }
    for index in 0..<Int(count) { buffer[index] = byte(at: UInt32(index), salt: 2) }
    let isWritten = writeError(at: offset, count: count, buffer)
    if isWritten != .outOfBounds {
      findings.add(
        FlashFinding(.boundsAreNotChecked, after: .write, at: offset, count: count, error: isWritten))
    }
  }

  mutating func refuseErase(exceedingBy excess: UInt32) {
    guard excess <= UInt32.max - geometry.capacity else { return }
    refuseErase(last.lowerBound..<geometry.capacity + excess)
    refuseErase(geometry.capacity + excess - 1..<geometry.capacity + excess)
  }

  mutating func refuseErase(_ range: Range<UInt32>) {
    guard range.upperBound > geometry.capacity else { return }
    let error = eraseError(range)
    if error != .outOfBounds { fail(.boundsAreNotChecked, after: .erase, range, error) }
  }

  private mutating func refuseWrite(at offset: UInt32, count: UInt32, _ buffer: inout MutableSpan<UInt8>) {
    for index in 0..<Int(count) { buffer[index] = byte(at: UInt32(index), salt: 2) }
    let error = writeError(at: offset, count: count, buffer)
    if error != .notAligned { fail(.alignmentIsNotChecked, after: .write, offset..<offset + count, error) }
  }

  private mutating func refuseMisalignedErase(_ range: Range<UInt32>) {
    guard !range.isEmpty else { return }
    let error = eraseError(range)
    if error != .notAligned { fail(.alignmentIsNotChecked, after: .erase, range, error) }
  }
}
