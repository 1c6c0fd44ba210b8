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
    // What comes before Swift and below it: reset, the functions that compiled Swift calls, the board's table, RAM.
    .target(name: "Startup"),
  ],
  swiftLanguageModes: [.v6]
)
