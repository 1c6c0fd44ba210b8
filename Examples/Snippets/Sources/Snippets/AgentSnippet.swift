import OTAAgent
import OTACore
import OTAPartition

func agent<Device: Flash & ~Copyable>(_ agent: UpdateAgent<Device>) async {
  // snippet.show
  // After the device has started: a trial is decided, an unsent report is sent.
  var pause = await agent.start()
  while pause != .restart {
    pause = await agent.poll()
    try? await Task.sleep(for: .seconds(3600))
  }
  // snippet.hide
}
