import OTACommandLine

func commandLine() async {
  // snippet.show
  let output = BufferSink()
  let diagnostics = BufferSink()
  let status = await Program.run(
    arguments: ["delta", "inspect", "update.patch", "--json"],
    environment: [:],
    console: Console(output: output, diagnostics: diagnostics))
  print(status == .done ? output.text : diagnostics.text)
  // snippet.hide
}
