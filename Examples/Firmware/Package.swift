// swift-tools-version: 6.2
import PackageDescription

// Bare-metal firmware for RISC-V: built by Scripts/build-firmware, which gives the triple and the toolset.
let settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableExperimentalFeature("Lifetimes"),
  .strictMemorySafety(),
]

let package = Package(
  name: "Firmware",
  traits: [
    .trait(
      name: "Diagnostics", description: "What version 1.1.0 adds: code early in the image, and its commands.")
  ],
  dependencies: [
    .package(name: "swift-ota", path: "../..")
  ],
  targets: [
    .executableTarget(
      name: "Firmware",
      dependencies: [
        "Startup",
        .product(name: "OTACore", package: "swift-ota"),
        .product(name: "OTACrypto", package: "swift-ota"),
        .product(name: "OTADelta", package: "swift-ota"),
        .product(name: "OTAPartition", package: "swift-ota"),
      ],
      swiftSettings: settings),
    // The instructions before Swift can run, and the four functions that compiled Swift calls.
    .target(name: "Startup"),
  ],
  swiftLanguageModes: [.v6]
)
