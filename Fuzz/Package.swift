// swift-tools-version: 6.2
import PackageDescription

// Fuzzers of what reads flash, for libFuzzer: see README.md. A package of its own, because they link only with
// `--sanitize fuzzer`.
let names = ["FuzzStorage", "FuzzDeviceState", "FuzzPartitionTable"]

let package = Package(
  name: "Fuzz",
  products: names.map { .executable(name: $0, targets: [$0]) },
  dependencies: [
    .package(name: "swift-ota", path: "..")
  ],
  targets: names.map {
    .executableTarget(
      name: $0,
      dependencies: ["OTACore", "OTACrypto", "OTAPartition"].map { .product(name: $0, package: "swift-ota") })
  },
  swiftLanguageModes: [.v6]
)
