import CSodium

/// A state of libsodium with a key in it: one place in memory, zeroed when it goes.
final class SecretState<State> {
  private var state: State

  /// Takes a state over; what is not set yet may be anything.
  init(_ state: State) {
    self.state = state
  }

  /// Lends the place for as long as `body` runs.
  func withPointer<Result>(_ body: (UnsafeMutablePointer<State>) -> Result) -> Result {
    unsafe withUnsafeMutablePointer(to: &state, body)
  }

  deinit {
    unsafe withUnsafeMutableBytes(of: &state) { bytes in
      guard let start = bytes.baseAddress else { return }
      unsafe sodium_memzero(start, bytes.count)
    }
  }
}
