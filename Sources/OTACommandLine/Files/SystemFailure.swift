import Glibc

/// What was being done to a file when the system refused.
package enum FileOperation: Sendable {
  case reading, writing
}

/// A failed system call on a file or stream, in words.
///
/// - Parameters:
///   - name: the file, as the user named it.
///   - number: the `errno`.
///   - operation: what was being done.
/// - Returns: a failure with status ``ExitStatus/inputOutput``.
package func systemFailure(_ name: String, _ number: Int32, doing operation: FileOperation) -> CommandFailure
{
  let verb =
    switch operation {
    case .reading: "cannot be read"
    case .writing: "cannot be written"
    }
  let (reason, remedy) = explanation(of: number)
  return CommandFailure(name, why: "\(verb): \(reason)", remedy: remedy, status: .inputOutput)
}

private func explanation(of number: Int32) -> (reason: String, remedy: String) {
  switch number {
  case ENOENT: ("no such file or folder", "check the path")
  case ENOTDIR: ("a part of the path is not a folder", "check the path")
  case EISDIR: ("it is a folder", "name a file")
  case EEXIST: ("it exists already", "choose another name, or add --force")
  case EACCES, EPERM: ("permission denied", "check its permissions and those of its folder")
  case EROFS: ("the file system is read-only", "choose another folder")
  case ENOSPC: ("no space left on the device", "free some space and try again")
  case EDQUOT: ("the disk quota is used up", "free some space and try again")
  case EFBIG: ("the limit on the size of files is reached", "raise the limit (ulimit -f) and try again")
  case EMFILE, ENFILE: ("too many open files", "raise the limit (ulimit -n) and try again")
  case ENAMETOOLONG: ("the name is too long", "choose a shorter one")
  case ELOOP: ("too many symbolic links", "check the path")
  case EIO: ("the device reports an error", "check the disk")
  default: (unsafe String(cString: strerror(number)), "check the file and its folder")
  }
}
