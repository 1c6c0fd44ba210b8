public import OTACore
public import OTACrypto
import OTACryptoOpenSSL
import OTACryptoSodium
public import OTAManifest

/// What an agent is given: who the device is, whom it trusts, and how it decides.
public struct AgentConfiguration: Sendable {
  /// What the device is.
  public var profile: DeviceProfile
  /// The keys that may sign manifests, unless there is a ``trustKeeper``.
  public var trustStore: TrustStore
  /// How many of these keys must have signed, and of which kinds.
  public var signaturePolicy: SignaturePolicy
  /// What checks signatures, of manifests and of images; here a program says which library it asks for what.
  public var backends: CryptoBackends
  /// Where the trust anchors are kept, in the place of the ``trustStore``; none unless one is set.
  ///
  /// At each poll the agent asks the server for the sets that follow, at `/api/v1/trust/` and their number.
  public var trustKeeper: (any TrustKeeper)?
  /// Where the signatures of images are, if the trust anchors have image keys; in the images, unless said otherwise.
  public var imageSignatures: ImageSignatures = .mcuboot
  /// The time, in seconds of Unix time, for the expiry of trust anchors; `nil`, unless another clock is set, says that no
  /// clock is trusted.
  public var trustedTime: @Sendable () -> UInt64? = { nil }
  /// The keys for encrypted payloads; none, unless they are set, and then such payloads are refused.
  public var payloadDecryption: PayloadDecryption?
  /// Signs reports with the device's own key.
  public var signer: any Signer
  /// The way to the server.
  public var transport: any Transport
  /// Decides which envelopes are looked at; the server's word decides if `nil`.
  public var discovery: (any UpdateDiscovery)?
  /// Decides when to install and when to restart.
  public var policy: any UpdatePolicy
  /// Decides whether a new image is good.
  public var health: any HealthCheck
  /// How often a new image may boot before it must be confirmed; at least 1.
  public var trialAttempts: UInt8
  /// How many interruptions in a row, without an authenticated block, end a download attempt; at least 1.
  public var interruptionLimit: UInt8
  /// How long a health check may take.
  public var healthTimeout: Duration
  /// How long to wait before a download goes on after an interruption.
  public var backoff: Backoff
  /// Sleeps; tests and simulations replace it.
  public var sleep: @Sendable (Duration) async throws -> Void
  /// When a server whose answers are refused is asked less often.
  public var threatPolicy: ThreatPolicy
  /// Is told what happens.
  public var observer: @Sendable (AgentNotice) -> Void

  /// The patience for a health check, unless said otherwise: five minutes.
  public static var defaultHealthTimeout: Duration { .seconds(300) }

  /// The backends, unless said otherwise: Ed25519 by libsodium, ECDSA and HSS by libcrypto.
  public static var defaultBackends: CryptoBackends { CryptoBackends([.sodium, .openSSL, .portable]) }

  /// Makes a configuration; what has a default suits a Linux device that updates itself.
  public init(
    profile: DeviceProfile, trustStore: TrustStore, signer: any Signer, transport: any Transport,
    discovery: (any UpdateDiscovery)? = nil, policy: any UpdatePolicy = AutomaticPolicy(),
    health: any HealthCheck, trialAttempts: UInt8 = 3,
    interruptionLimit: UInt8 = 8, healthTimeout: Duration = AgentConfiguration.defaultHealthTimeout,
    backoff: Backoff = Backoff(),
    sleep: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) },
    threatPolicy: ThreatPolicy = ThreatPolicy(),
    observer: @escaping @Sendable (AgentNotice) -> Void = { _ in },
    signaturePolicy: SignaturePolicy = .oneSignature,
    backends: CryptoBackends = AgentConfiguration.defaultBackends
  ) {
    self.profile = profile
    self.trustStore = trustStore
    self.signaturePolicy = signaturePolicy
    self.backends = backends
    self.signer = signer
    self.transport = transport
    self.discovery = discovery
    self.policy = policy
    self.health = health
    self.trialAttempts = trialAttempts
    self.interruptionLimit = interruptionLimit
    self.healthTimeout = healthTimeout
    self.backoff = backoff
    self.sleep = sleep
    self.threatPolicy = threatPolicy
    self.observer = observer
  }
}
