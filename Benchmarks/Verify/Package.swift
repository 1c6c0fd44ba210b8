// swift-tools-version: 6.2
import PackageDescription

// The benchmark of verification: our calls beside those of the C libraries themselves, in one program. See
// Benchmarks/README.md; `make bench-verify` runs it.
let package = Package(
  name: "VerifyBench",
  dependencies: [
    .package(name: "swift-ota", path: "../..")
  ],
  targets: [
    // The libraries once more, by other names: those of the package are not for its users.
    .systemLibrary(name: "CRawOpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CRawSodium", pkgConfig: "libsodium", providers: [.apt(["libsodium-dev"])]),
    .executableTarget(
      name: "VerifyBench",
      dependencies: [
        .product(name: "OTACore", package: "swift-ota"), .product(name: "OTACrypto", package: "swift-ota"),
        .product(name: "OTACryptoOpenSSL", package: "swift-ota"),
        .product(name: "OTACryptoSodium", package: "swift-ota"), "CRawOpenSSL", "CRawSodium",
      ]),
  ],
  swiftLanguageModes: [.v6]
)
