// swift-tools-version: 6.2
import PackageDescription

// What the publisher of the bare-metal example does on a host: signs the manifest of an update.
let package = Package(
  name: "Release",
  dependencies: [
    .package(name: "swift-ota", path: "../../..")
  ],
  targets: [
    .executableTarget(
      name: "Release",
      dependencies: [
        .product(name: "OTACore", package: "swift-ota"),
        .product(name: "OTACrypto", package: "swift-ota"),
        .product(name: "OTACryptoSodium", package: "swift-ota"),
        .product(name: "OTAManifest", package: "swift-ota"),
      ])
  ],
  swiftLanguageModes: [.v6]
)
