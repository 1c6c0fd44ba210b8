// swift-tools-version: 6.2
import PackageDescription

// A boot loader's author takes one layer and must not get any C library with it: Scripts/check-consumer.
let package = Package(
  name: "PartitionConsumer",
  dependencies: [
    .package(name: "swift-ota", path: "../..")
  ],
  targets: [
    .executableTarget(
      name: "PartitionConsumer",
      dependencies: [
        .product(name: "OTAPartition", package: "swift-ota")
      ])
  ],
  swiftLanguageModes: [.v6]
)
