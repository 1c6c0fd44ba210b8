// swift-tools-version: 6.2
import PackageDescription

// Fuzzers of what reads flash, patches and manifests, for libFuzzer: see README.md. A package of its own, because they link only
// with `--sanitize fuzzer`. Each with the layers that it needs.
let fuzzers = [
  "FuzzStorage": ["OTACore", "OTACrypto", "OTAPartition"],
  "FuzzDeviceState": ["OTACore"],
  "FuzzPartitionTable": ["OTACore", "OTAPartition"],
  "FuzzESPImage": ["OTACore", "OTACrypto", "OTAPartition"],
  "FuzzNordic": ["OTACore", "OTACrypto", "OTANordicDFU", "OTAPartition"],
  "FuzzBSDiff40": ["OTACore", "OTADelta", "OTADeltaBZip2"],
  "FuzzContainer": ["OTACore", "OTADelta", "OTADeltaContainers"],
  "FuzzVCDIFF": ["OTACore", "OTADelta", "OTADeltaVCDIFF"],
  "FuzzStreams": ["OTACore", "OTACrypto", "OTADelta", "OTADeltaStreams"],
  "FuzzTUF": ["OTACore", "OTACrypto", "OTACryptoSodium", "OTATUF"],
  "FuzzZstdPatch": ["OTACore", "OTADelta", "OTADeltaZstd"],
  "FuzzInPlace": ["OTACore", "OTADelta"],
  "FuzzCBOR": ["OTACore"],
  "FuzzCOSE": ["OTACore", "OTACrypto", "OTAManifest"],
  "FuzzMCUboot": ["OTACore", "OTACrypto", "OTAPartition"],
  "FuzzNativeDecoder": ["OTACore", "OTACrypto", "OTADelta"],
  "FuzzSerial": ["OTACore", "OTACrypto", "OTAManifest", "OTAPartition", "OTASerial"],
  "FuzzSUIT": ["OTACore", "OTACrypto", "OTAManifest"],
]

let package = Package(
  name: "Fuzz",
  products: fuzzers.keys.sorted().map { .executable(name: $0, targets: [$0]) },
  dependencies: [
    .package(name: "swift-ota", path: "..")
  ],
  targets: fuzzers.sorted { $0.key < $1.key }.map { name, layers in
    .executableTarget(
      name: name, dependencies: layers.map { .product(name: $0, package: "swift-ota") })
  },
  swiftLanguageModes: [.v6]
)
