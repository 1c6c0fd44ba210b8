import Board
import OTACore
import OTAPartition

extension Loader {
  /// Says what boots and why.
  func write(_ handOff: HandOff) {
    switch handOff.slot {
    case .a: console.write("boot: slot a, ")
    case .b: console.write("boot: slot b, ")
    case nil: console.write("boot: golden image, ")
    }
    switch handOff.reason {
    case .confirmed: console.writeLine("confirmed")
    case .trial(let attemptsLeft):
      console.write("on trial, attempts left ")
      console.write(decimal: UInt32(attemptsLeft))
      console.writeLine()
    case .reverted(let cause): write("reverted", cause)
    case .fallback: console.writeLine("the selected one does not verify")
    case .recovery(let cause): write("recovery", cause)
    }
  }

  func write(_ error: StartError) {
    switch error {
    case .nothingBoots(let cause, let recovery):
      write("boot: no slot boots", cause)
      write("boot: the golden image does not either", recovery.code)
    case .measurement(let error): write("boot: not measured", error.code)
    case .powerLost: console.writeLine("boot: the power is gone")
    }
  }

  func write(_ text: StaticString, _ code: ErrorCode) {
    console.write(text)
    console.write(", code 0x")
    console.write(hexadecimal16: code.rawValue)
    console.writeLine()
  }

  func write(_ text: StaticString, _ kind: ActivationStrategy.Kind) {
    console.write(text)
    console.write(Activation.name(of: kind).bytes)
    console.writeLine()
  }
}
