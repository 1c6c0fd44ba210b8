// swift-tools-version: 6.2
import PackageDescription

// A boot loader and an application for bare metal: built by Scripts/build-bare-metal, which gives the triple, the
// toolset of the board and the linker script.
let settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableExperimentalFeature("Lifetimes"),
  .strictMemorySafety(),
]

let package = Package(
  name: "BareMetal",
  traits: [
    .default(enabledTraits: ["Updates"]),
    .trait(name: "Updates", description: "The client of updates over the serial line; needs Ed25519."),
    .trait(
      name: "Diagnostics", description: "What version 1.1.0 adds: code early in the image, and its commands."),
    .trait(name: "Sodium", description: "Ed25519 is libsodium's and not Monocypher's: larger, and faster."),
    .trait(name: "Faulty", description: "Version 1.2.0: a regulator that the self-checks find wrong."),
  ],
  dependencies: [
    .package(name: "swift-ota", path: "../.."),
    .package(
      name: "Ed25519", path: "Ed25519",
      traits: [.trait(name: "Sodium", condition: .when(traits: ["Sodium"]))]),
  ],
  targets: [
    .executableTarget(
      name: "BootLoader",
      dependencies: [
        "Board",
        .product(name: "Ed25519", package: "Ed25519"),
        .product(name: "OTACore", package: "swift-ota"),
        .product(name: "OTACrypto", package: "swift-ota"),
        .product(name: "OTAPartition", package: "swift-ota"),
      ],
      swiftSettings: settings),
    .executableTarget(
      name: "Application",
      dependencies: [
        "Board", "Startup",
        .product(name: "Ed25519", package: "Ed25519", condition: .when(traits: ["Updates"])),
        .product(name: "OTACore", package: "swift-ota"),
        .product(name: "OTACrypto", package: "swift-ota"),
        .product(name: "OTADelta", package: "swift-ota"),
        .product(name: "OTAManifest", package: "swift-ota", condition: .when(traits: ["Updates"])),
        .product(name: "OTAPartition", package: "swift-ota"),
        .product(name: "OTASerial", package: "swift-ota", condition: .when(traits: ["Updates"])),
      ],
      swiftSettings: settings),
    // What Scripts/check-board-flash runs.
    .executableTarget(
      name: "FlashCheck",
      dependencies: ["Board", .product(name: "OTAPartition", package: "swift-ota")],
      swiftSettings: settings),
    // The machine: its serial port, its flash, what it is divided into.
    .target(
      name: "Board",
      dependencies: [
        "Startup",
        .product(name: "OTACore", package: "swift-ota"),
        .product(name: "OTACrypto", package: "swift-ota"),
        .product(name: "OTAPartition", package: "swift-ota"),
      ],
      swiftSettings: settings),
    // What comes before Swift and below it: reset, the functions that compiled Swift calls.
    .target(name: "Startup"),
  ],
  swiftLanguageModes: [.v6]
)
