/// How the program ended, for the shell and for scripts.
///
/// - Note: Source: project decision, Docs/Architecture.md; the numbers from 64 on have the meanings of `sysexits.h`.
public enum ExitStatus: Int32, Sendable, CaseIterable {
  /// Everything that was asked for was done.
  case done = 0
  /// It could not be done.
  case failed = 1
  /// A signature, a digest or a rule was checked, and the answer is no.
  case refused = 2
  /// The command line is wrong; nothing was done.
  case usage = 64
  /// Something that is needed is not there: a server, a library, a build product.
  case unavailable = 69
  /// A file or stream could not be read or written.
  case inputOutput = 74
}
