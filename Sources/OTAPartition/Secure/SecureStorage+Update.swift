extension SecureStorage
where Counter: ~Copyable, Cipher: ~Copyable, Random: ~Copyable {
  /// How far the newest record may be ahead of the counter: the first step of a session takes two, each other one.
  static var maximumLead: UInt64 { 2 }

  /// Changes any number of values, all or none.
  ///
  /// A loss of power leaves all values as they were or all as they are now, and from the return on the latter. Changes
  /// that change nothing are not written.
  ///
  /// - Parameters:
  ///   - flash: the device.
  ///   - change: gets the values in the clear. When it throws, everything stays as it is.
  /// - Throws: what `change` throws; ``SecureStorageError/notOpen``; ``SecureStorageError/crypto(_:)``;
  ///   ``SecureStorageError/counter(_:)`` and ``SecureStorageError/storage(_:)`` if a part fails, and then old values or
  ///   new ones are there, to be found by ``open(_:)``; ``SecureStorageError/replayed`` if somebody else has raised the
  ///   counter, ``SecureStorageError/counterBehind`` if it went back.
  /// - Complexity: two writes and one step of the counter; in the first update of a session twice that and one erase of an
  ///   area; one more erase whenever an area is full.
  public mutating func update<Device: Flash & ~Copyable>(
    on flash: inout Device, _ change: (inout SecureValues) throws(SecureStorageError) -> Void
  ) throws(SecureStorageError) {
    var values = SecureValues()
    defer { values.erase() }
    try unsealNewest(into: &values)
    try change(&values)
    guard values.hasChanged else { return }
    try checkCounter()
    try renew(on: &flash)
    let (number, overflow) = recordNumber.addingReportingOverflow(1)
    guard !overflow else { throw .counter(.exhausted) }
    try commit(values, as: number, to: &flash)
  }

  /// Adds or replaces one value.
  ///
  /// - Parameters:
  ///   - key: its name.
  ///   - value: its bytes; none is a value too.
  ///   - flash: the device.
  /// - Throws: what ``update(on:_:)`` throws; ``SecureStorageError/full``, and then nothing was written.
  public mutating func set<Device: Flash & ~Copyable>(
    _ key: StorageKey, to value: Span<UInt8>, on flash: inout Device
  ) throws(SecureStorageError) {
    try update(on: &flash) { (values) throws(SecureStorageError) in try values.set(key, value) }
  }

  /// Takes one value away; that there is none of this name is not an error.
  ///
  /// - Throws: what ``update(on:_:)`` throws.
  public mutating func remove<Device: Flash & ~Copyable>(
    _ key: StorageKey, on flash: inout Device
  ) throws(SecureStorageError) {
    try update(on: &flash) { (values) throws(SecureStorageError) in values.remove(key) }
  }

  /// Starts again with no values, over whatever the two areas hold: for the factory, or when all is lost.
  ///
  /// First the counter is raised, so that nothing that was ever sealed is accepted again. A loss of power leaves what was
  /// there before, or a storage that ``open(_:)`` refuses, or an empty one; format again.
  ///
  /// - Important: A program that formats whenever ``open(_:)`` fails lets whoever destroys the storage choose the empty
  ///   one. It may do so only if no values are as safe as any.
  /// - Parameter flash: the device.
  /// - Throws: ``SecureStorageError/counter(_:)``, ``SecureStorageError/crypto(_:)``,
  ///   ``SecureStorageError/storage(_:)``.
  /// - Complexity: two erases, two writes, three steps of the counter.
  public mutating func format<Device: Flash & ~Copyable>(
    _ flash: inout Device
  ) throws(SecureStorageError) {
    isOpen = false
    isRenewed = false
    recordNumber = 0
    sealedCount = 0
    let (number, overflow) = try counterValue().addingReportingOverflow(SecureStorage.maximumLead + 1)
    guard !overflow else { throw .counter(.exhausted) }
    try raiseCounter(to: number)
    let empty = SecureValues()
    let count = try empty.seal(as: number, of: identifier, using: cipher, random: &random, into: &sealed)
    do throws(StorageError) {
      try journal.format(&flash, payload: sealed.span.extracting(0..<count))
    } catch {
      throw .storage(error)
    }
    sealedCount = count
    recordNumber = number
    isRenewed = true
    isOpen = true
  }
}

extension SecureStorage
where Counter: ~Copyable, Cipher: ~Copyable, Random: ~Copyable {
  /// Decrypts what ``open(_:)`` found or the last update wrote.
  borrowing func unsealNewest(into values: inout SecureValues) throws(SecureStorageError) {
    guard isOpen else { throw .notOpen }
    guard sealedCount > 0 else { return }
    _ = try values.unseal(sealed.span.extracting(0..<sealedCount), of: identifier, using: cipher)
  }

  /// Seals the present values once more, two numbers higher, before the first change of a session.
  ///
  /// A commit that was interrupted before its counter was raised has left a record with a number that is still to come,
  /// and somebody may have kept it. It is at most two ahead, and so below the counter after this step: no two records
  /// with different values ever have the same number at or above the counter.
  private mutating func renew<Device: Flash & ~Copyable>(
    on flash: inout Device
  ) throws(SecureStorageError) {
    guard !isRenewed else { return }
    let (number, overflow) = recordNumber.addingReportingOverflow(SecureStorage.maximumLead)
    guard !overflow else { throw .counter(.exhausted) }
    var values = SecureValues()
    defer { values.erase() }
    try unsealNewest(into: &values)
    try commit(values, as: number, to: &flash)
    isRenewed = true
  }

  /// Writes a record, and then raises the counter: the other way around, a cut between the two would leave a record that
  /// is too old, and none that is not.
  private mutating func commit<Device: Flash & ~Copyable>(
    _ values: borrowing SecureValues, as number: UInt64, to flash: inout Device
  ) throws(SecureStorageError) {
    var record = InlineArray<460, UInt8>(repeating: 0)
    let count = try values.seal(as: number, of: identifier, using: cipher, random: &random, into: &record)
    isOpen = false
    do throws(StorageError) {
      try journal.commit(record.span.extracting(0..<count), to: &flash)
    } catch {
      throw .storage(error)
    }
    try raiseCounter(to: number)
    sealed = record
    sealedCount = count
    recordNumber = number
    isOpen = true
  }

  /// Copies the newest record of the journal to ``sealed``.
  ///
  /// - Returns: its length, or `nil` if there is none.
  mutating func journalRecord<Device: Flash & ~Copyable>(
    on flash: inout Device
  ) throws(SecureStorageError) -> Int? {
    do throws(StorageError) {
      var bytes = sealed.mutableSpan
      return try journal.open(&flash, payload: &bytes)
    } catch {
      throw .storage(error)
    }
  }

  /// Refuses to raise the counter for a record that may read differently at the next start: worn flash did not let the
  /// journal seal it.
  mutating func requireSealed<Device: Flash & ~Copyable>(
    _ count: Int, on flash: inout Device
  ) throws(SecureStorageError) {
    guard !journal.isSealed else { return }
    do throws(StorageError) {
      try journal.commit(sealed.span.extracting(0..<count), to: &flash)
    } catch {
      throw .storage(error)
    }
  }

  mutating func counterValue() throws(SecureStorageError) -> UInt64 {
    do throws(CounterError) { return try counter.value() } catch { throw .counter(error) }
  }

  /// Raises the counter and looks whether it is there.
  mutating func raiseCounter(to number: UInt64) throws(SecureStorageError) {
    do throws(CounterError) { try counter.advance(to: number) } catch { throw .counter(error) }
    guard try counterValue() == number else { throw .counter(.unavailable) }
  }

  /// Refuses to go on beside somebody else who uses the counter.
  private mutating func checkCounter() throws(SecureStorageError) {
    let value = try counterValue()
    guard value != recordNumber else { return }
    isOpen = false
    throw value > recordNumber ? .replayed : .counterBehind
  }
}
