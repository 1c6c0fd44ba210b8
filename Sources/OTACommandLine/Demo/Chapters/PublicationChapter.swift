import OTACore
import OTAServer

extension DemoWorld {
  /// Keys, patch, manifest, server.
  func tellPublication() async throws(CommandFailure) {
    try story.chapter("publish", "A vendor signs an update and publishes it")
    try await server.publish(patch)
    try await server.publish(whole)
    let image = firmware.new.bytes.count
    let patchSize = patch.payload.count
    try story.say("server    \(server.address), SQLite, a folder of artifacts")
    try story.say(
      "manifest  \(grouped(patch.envelope.count)) bytes, SUIT, signed with Ed25519, sequence number 2")
    try story.say(
      "patch     \(grouped(patchSize)) bytes, \(percentage(patchSize, of: image) ?? "-") of the image")
    story.figure("manifestBytes", patch.envelope.count)
    story.figure("patchBytes", patchSize)
    story.figure("imageBytes", image)
    let updates = try await demoStep("server records") { try await server.updates.statistics() }
    try story.check("the server accepted the patch and the whole image", updates.count == 2)
  }
}
