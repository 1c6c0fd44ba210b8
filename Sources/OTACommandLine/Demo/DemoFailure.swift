import OTACore
import OTAFlashSimulator
import OTAServer
import OTAServerHTTP

/// Does a step of the demonstration that has to work, and says which one did not.
///
/// What the demonstration is about never comes here: refusals and cuts are results, and end in checks.
func demoStep<Value>(
  _ what: String, _ body: () async throws -> Value
) async throws(CommandFailure) -> Value {
  do {
    return try await body()
  } catch let failure as CommandFailure {
    throw failure
  } catch {
    throw demoFailure(what, error)
  }
}

/// The same without waiting.
func demoStep<Value: ~Copyable>(
  _ what: String, _ body: () throws -> Value
) throws(CommandFailure) -> Value {
  do {
    return try body()
  } catch let failure as CommandFailure {
    throw failure
  } catch {
    throw demoFailure(what, error)
  }
}

private func demoFailure(_ what: String, _ error: any Error) -> CommandFailure {
  let remedy = "look at the folder that TMPDIR names (\(demoFolder())), then try again"
  switch error {
  case let error as FileFlashError:
    return CommandFailure(what, why: "\(error)", remedy: remedy, status: .inputOutput)
  case let error as StoreError:
    return CommandFailure(what, why: "\(error)", remedy: remedy, code: error.code, status: .inputOutput)
  case ServerError.store(let error):
    return CommandFailure(what, why: "\(error)", remedy: remedy, code: error.code, status: .inputOutput)
  case let error as HTTPServerError:
    return CommandFailure(
      what, why: "\(error)", remedy: "free a port on 127.0.0.1, then try again", code: error.code,
      status: .unavailable)
  default:
    return CommandFailure(what, why: "\(error)", remedy: "please report this as a defect")
  }
}
