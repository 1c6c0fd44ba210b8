import OTACore
import OTAStateMachine

func stateMachine(offer: Offer) {
  // snippet.show
  var machine = UpdateMachine(resuming: .idle)
  var action = machine.handle(.started(.confirmed))
  action = machine.handle(.pollDue)
  // `action` is `.check`: ask the server, verify what it offers, and say what came of it.
  action = machine.handle(.manifestVerified(offer))
  // `action` is `.askToInstall(offer)`; whatever must survive a loss of power is in the record.
  let record = machine.record(after: .idle)
  // snippet.hide
  print(action, record)
}
