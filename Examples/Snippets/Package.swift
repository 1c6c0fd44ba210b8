// swift-tools-version: 6.2
import PackageDescription

// The Swift examples of README.md and of the documentation catalogs, compiled as a user of the package would compile
// them: Scripts/check-examples.
let package = Package(
  name: "Snippets",
  dependencies: [
    .package(name: "swift-ota", path: "../..")
  ],
  targets: [
    .target(
      name: "Snippets",
      dependencies: [
        "OTACore", "OTACrypto", "OTACryptoOpenSSL", "OTACryptoSodium", "OTACryptoPKCS11",
        "OTAManifest", "OTADelta",
        "OTADeltaZlib", "OTADeltaBZip2", "OTADeltaVCDIFF", "OTADeltaEncoder", "OTAPartition", "OTAInPlace",
        "OTAStateMachine", "OTAFlashSimulator", "OTATesting", "OTAAgent",
        "OTATransportHTTP", "OTAServer", "OTAServerSQLite", "OTAServerHTTP", "OTACommandLine",
      ].map { .product(name: $0, package: "swift-ota") })
  ],
  swiftLanguageModes: [.v6]
)
