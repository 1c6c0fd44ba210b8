// swift-tools-version: 6.2
import PackageDescription

// Ed25519 for firmware, over C sources that Scripts/fetch-ed25519 brings; who uses this package gives triple and toolset.
let settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableExperimentalFeature("Lifetimes"),
  .strictMemorySafety(),
]

let package = Package(
  name: "Ed25519",
  products: [
    .library(name: "Ed25519", targets: ["Ed25519"])
  ],
  traits: [
    .trait(name: "Sodium", description: "Ed25519 is libsodium's and not Monocypher's: larger, and faster.")
  ],
  dependencies: [
    .package(name: "swift-ota", path: "../../..")
  ],
  targets: [
    .target(
      name: "Ed25519",
      dependencies: [
        "CMonocypher",
        .target(name: "CSodiumCore", condition: .when(traits: ["Sodium"])),
        .product(name: "OTACore", package: "swift-ota"),
        .product(name: "OTACrypto", package: "swift-ota"),
      ],
      swiftSettings: settings),
    // What Scripts/check-ed25519 runs under QEMU.
    .executableTarget(
      name: "Ed25519Check",
      dependencies: [
        "CheckStartup",
        "Ed25519",
        .product(name: "OTACore", package: "swift-ota"),
        .product(name: "OTACrypto", package: "swift-ota"),
      ],
      swiftSettings: settings),
    .executableTarget(
      name: "VerifyOnly",
      dependencies: ["CheckStartup", "Ed25519", .product(name: "OTACrypto", package: "swift-ota")],
      swiftSettings: settings),
    .target(name: "CheckStartup"),
    .target(name: "CMonocypher"),
    .target(
      name: "CSodiumCore",
      cSettings: [
        .define("CONFIGURED", to: "1"),
        .define("SODIUM_STATIC"),
        // What a C library has and bare metal has not, as far as it is needed.
        .headerSearchPath("freestanding"),
        .headerSearchPath("../../.artifacts/libsodium/include/sodium"),
      ]),
  ],
  swiftLanguageModes: [.v6]
)
