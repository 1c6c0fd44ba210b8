// snippet.show
import OTAAgent
import OTACore
import OTACrypto
import OTACryptoSodium
import OTAPartition
import OTATransportHTTP

/// The update agent of a device: asks its server every hour, installs what verifies, and restarts into it.
func runAgent<Device: Flash & Sendable>(
  on flash: Device, layout: DeviceLayout, profile: DeviceProfile, vendorKey: PublicKey,
  deviceKey: some Signer,
  health: some HealthCheck
) async throws {
  let storage = try DeviceStorage(opening: flash, layout: layout)
  let agent = UpdateAgent(
    storage,
    configuration: AgentConfiguration(
      profile: profile, trustStore: TrustStore(vendorKey, for: .manifest), signer: deviceKey,
      transport: try HTTPTransport(base: "https://updates.example.com"), health: health))
  if await agent.run(every: .seconds(3600)) == .restart {
    // Restart the device here: the boot manager picks the new image, on trial until the agent confirms it.
  }
}
