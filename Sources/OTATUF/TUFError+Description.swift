import Glibc
import OTACore

extension TUFError: CustomStringConvertible {
  /// What happened, in words; without a full stop.
  public var description: String {
    switch self {
    case .noTrustedRoot(let why): "there is no trusted root: \(why)"
    case .malformed(let role, let why): "the metadata of \(role) is malformed: \(why)"
    case .wrongType(let role): "what was offered as the metadata of \(role) is that of another role"
    case .unsupportedVersion(let role, let version):
      "the metadata of \(role) is of version \(version) of the specification"
    case .thresholdNotMet(let role): "the metadata of \(role) is not signed by enough of its keys"
    case .rollback(let role, let offered, let trusted):
      "version \(offered) of \(role) was offered after version \(trusted)"
    case .roleRemoved(let role): "the snapshot does not list \(role) any more"
    case .rootOutOfOrder(let offered, let expected):
      "version \(offered) of root was offered as version \(expected)"
    case .expired(let role): "the metadata of \(role) has expired"
    case .listingMismatch(let role): "the metadata of \(role) is not the one that is listed"
    case .notListed(let role): "the snapshot does not list \(role)"
    case .tooLarge(let file): "\(file) is larger than is allowed"
    case .missing(let file): "the repository does not have \(file)"
    case .unknownTarget(let path): "no role that answers for \(path) describes it"
    case .targetMismatch(let path): "what arrived as \(path) is not what is described"
    case .unusablePath(let path): "'\(path)' cannot be the path of a target"
    case .transport(let file, let error): "\(file) could not be fetched: \(TUFError.text(of: error))"
    case .storage(let path, let number): "\(path): \(unsafe String(cString: strerror(number)))"
    case .folderInUse(let path): "\(path) is in use by another client"
    case .cryptography(let error): "the cryptographic library does not work (\(error))"
    }
  }

  private static func text(of error: TransportError) -> String {
    switch error {
    case .unreachable: "no connection could be made"
    case .interrupted: "the connection ended too early"
    case .timeout: "nothing arrived for too long"
    case .status(let status): "the server answered with status \(status)"
    case .responseTooLarge: "the answer is too large"
    case .rangeIgnored: "the server did not serve the whole file"
    case .malformed: "what arrived is not the protocol, or the address is not one"
    }
  }
}
