import Foundation
import OTACommandLine

/// Passes the world to the program and its result to the shell.
@main
enum Main {
  static func main() async {
    // Writing to a closed pipe, or over the limit on the size of files, is then an error that is reported, and not
    // the end of the process in the middle of its work.
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)
    let environment = ProcessInfo.processInfo.environment
    let status = await Program.run(
      arguments: Array(CommandLine.arguments.dropFirst()), environment: environment,
      console: .standard(environment: environment))
    exit(status.rawValue)
  }
}
