// swift-tools-version: 6.2
import PackageDescription

// One settings block for every Swift target. Warnings become errors on the command line of `make` and
// `.ci/run`, not here: a newer compiler's new warning must not break the build of a package that depends on us.
let settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .enableUpcomingFeature("InferIsolatedConformances"),
  .enableExperimentalFeature("Lifetimes"),
  .strictMemorySafety(),
]

/// A layer that also compiles as Embedded Swift: imports only other such layers, never a C library.
func core(_ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = []) -> Target {
  .target(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: settings)
}

/// A layer for systems with an operating system.
func hosted(_ name: String, _ dependencies: [Target.Dependency], path: String? = nil) -> Target {
  .target(name: name, dependencies: dependencies, path: path, swiftSettings: settings)
}

func test(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(
    name: name + "Tests", dependencies: [.byName(name: name)] + dependencies, swiftSettings: settings)
}

func system(_ name: String, pkgConfig: String? = nil, apt: String) -> Target {
  .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([apt])])
}

let libraries = [
  "OTACore",
  "OTACrypto", "OTACryptoOpenSSL", "OTACryptoPKCS11", "OTACryptoSodium",
  "OTAManifest",
  "OTADelta", "OTADeltaBZip2", "OTADeltaLZMA", "OTADeltaVCDIFF", "OTADeltaZlib", "OTADeltaZstd",
  "OTADeltaStreams", "OTADeltaContainers", "OTADeltaEncoder",
  "OTAPartition", "OTAMCUbootOpenSSL", "OTAEspressif", "OTANordicDFU",
  "OTAInPlace", "OTAStateMachine", "OTASerial",
  "OTAFlashSimulator", "OTATesting",
  "OTAAgent", "OTATransportHTTP", "OTATUF", "OTAAgentTUF",
  "OTAServer", "OTAServerSQLite", "OTAServerHTTP",
  "OTACommandLine",
]

let package = Package(
  name: "swift-ota",
  products: libraries.map { .library(name: $0, targets: [$0]) } + [
    .executable(name: "ota", targets: ["ota"])
  ],
  targets: [
    // Layers that also run on bare metal.
    core("OTACore"),
    core("OTACrypto", ["OTACore"], exclude: ["OpenSSL", "PKCS11", "Sodium"]),
    core("OTAManifest", ["OTACore", "OTACrypto"]),
    core(
      "OTADelta", ["OTACore", "OTACrypto"],
      exclude: ["BZip2", "Containers", "LZMA", "Streams", "VCDIFF", "Zlib", "Zstd"]),
    core("OTAPartition", ["OTACore", "OTACrypto"], exclude: ["MCUboot/OpenSSL"]),
    core("OTAInPlace", ["OTACore", "OTACrypto", "OTADelta", "OTAPartition"]),
    core("OTAStateMachine", ["OTACore"]),
    core(
      "OTASerial",
      ["OTACore", "OTACrypto", "OTAManifest", "OTADelta", "OTAPartition", "OTAStateMachine"]),

    // Backends over C libraries: targets of their own, so that nobody links what he does not name.
    hosted("OTACryptoSodium", ["OTACore", "OTACrypto", "CSodium"], path: "Sources/OTACrypto/Sodium"),
    hosted("OTACryptoOpenSSL", ["OTACore", "OTACrypto", "COpenSSL"], path: "Sources/OTACrypto/OpenSSL"),
    hosted(
      "OTACryptoPKCS11", ["OTACore", "OTACrypto", "OTACryptoOpenSSL", "OTACryptoSodium", "CP11Kit"],
      path: "Sources/OTACrypto/PKCS11"),
    hosted(
      "OTAMCUbootOpenSSL", ["OTACore", "OTACrypto", "OTACryptoOpenSSL", "OTAPartition"],
      path: "Sources/OTAPartition/MCUboot/OpenSSL"),
    hosted("OTADeltaZlib", ["OTACore", "OTADelta", "CZlib"], path: "Sources/OTADelta/Zlib"),
    hosted("OTADeltaBZip2", ["OTACore", "OTADelta", "CBZip2"], path: "Sources/OTADelta/BZip2"),
    hosted("OTADeltaLZMA", ["OTADelta", "CLZMA"], path: "Sources/OTADelta/LZMA"),
    hosted("OTADeltaZstd", ["OTACore", "OTADelta", "CZstd"], path: "Sources/OTADelta/Zstd"),
    hosted(
      "OTADeltaStreams", ["OTACore", "OTACrypto", "OTADelta", "OTADeltaLZMA", "OTADeltaZstd"],
      path: "Sources/OTADelta/Streams"),
    hosted("OTADeltaVCDIFF", ["OTACore", "OTADelta", "CLZMA", "CZlib"], path: "Sources/OTADelta/VCDIFF"),
    hosted(
      "OTADeltaContainers",
      ["OTACore", "OTACrypto", "OTADelta", "OTADeltaStreams", "CZlib", "CZopfli", "CLZMA", "CZstd"],
      path: "Sources/OTADelta/Containers"),
    hosted(
      "OTADeltaEncoder",
      [
        "OTACore", "OTACrypto", "OTACryptoOpenSSL", "OTADelta", "OTADeltaZlib", "OTADeltaBZip2",
        "OTADeltaLZMA",
        "OTADeltaVCDIFF", "OTADeltaZstd", "OTADeltaStreams", "OTADeltaContainers", "CDivsufsort", "CZlib",
        "CBZip2", "CLZMA", "CZstd",
      ]),

    // Device side.
    hosted("OTAFlashSimulator", ["OTACore", "OTAPartition"]),
    hosted("OTATransportHTTP", ["OTACore", "CCurl", "COTACurlShims"]),
    hosted(
      "OTAAgent",
      [
        "OTACore", "OTACrypto", "OTACryptoOpenSSL", "OTACryptoSodium", "OTAManifest", "OTADelta",
        "OTADeltaContainers",
        "OTADeltaZlib",
        "OTAPartition", "OTAMCUbootOpenSSL", "OTAStateMachine",
      ]),

    // Repositories.
    hosted("OTATUF", ["OTACore", "OTACrypto", "OTACryptoOpenSSL", "OTACryptoSodium"]),
    hosted("OTAAgentTUF", ["OTACore", "OTAAgent", "OTATUF"]),

    // Images of others.
    hosted("OTAEspressif", ["OTACore", "OTACrypto", "OTACryptoOpenSSL", "OTAPartition"]),
    hosted("OTANordicDFU", ["OTACore", "OTACrypto", "OTACryptoOpenSSL", "OTAPartition", "CZip"]),

    // Server side.
    hosted(
      "OTAServer",
      ["OTACore", "OTACrypto", "OTACryptoOpenSSL", "OTACryptoSodium", "OTAManifest", "OTADeltaEncoder"]),
    hosted("OTAServerSQLite", ["OTACore", "OTAServer", "CSQLite"]),
    hosted("OTAServerHTTP", ["OTACore", "OTAServer", "CMicroHTTPD", "COTAMicroHTTPDShims"]),

    // Conformance kits, and the command line.
    hosted(
      "OTATesting",
      ["OTACore", "OTACrypto", "OTADelta", "OTAPartition", "OTAInPlace", "OTAFlashSimulator"]),
    hosted(
      "OTACommandLine",
      [
        "OTACore", "OTACrypto", "OTACryptoOpenSSL", "OTACryptoPKCS11", "OTACryptoSodium", "OTAManifest",
        "OTADelta",
        "OTADeltaZlib",
        "OTADeltaBZip2", "OTADeltaVCDIFF", "OTADeltaZstd", "OTADeltaStreams", "OTADeltaContainers",
        "OTADeltaEncoder",
        "OTAPartition", "OTAMCUbootOpenSSL", "OTAStateMachine", "OTAFlashSimulator", "OTATesting", "OTAAgent",
        "OTATransportHTTP", "OTATUF", "OTAEspressif", "OTANordicDFU", "OTASerial", "OTAServer",
        "OTAServerSQLite",
        "OTAServerHTTP",
      ]),
    .executableTarget(name: "ota", dependencies: ["OTACommandLine"], swiftSettings: settings),

    // C libraries, and shims where Swift cannot import (variadic functions, macros).
    system("CSodium", pkgConfig: "libsodium", apt: "libsodium-dev"),
    system("COpenSSL", pkgConfig: "libcrypto", apt: "libssl-dev"),
    system("CP11Kit", apt: "libp11-kit-dev"),
    system("CZlib", pkgConfig: "zlib", apt: "zlib1g-dev"),
    system("CBZip2", apt: "libbz2-dev"),
    system("CLZMA", pkgConfig: "liblzma", apt: "liblzma-dev"),
    system("CZstd", pkgConfig: "libzstd", apt: "libzstd-dev"),
    system("CZip", pkgConfig: "libzip", apt: "libzip-dev"),
    system("CZopfli", apt: "libzopfli-dev"),
    system("CDivsufsort", pkgConfig: "libdivsufsort", apt: "libdivsufsort-dev"),
    system("CCurl", pkgConfig: "libcurl", apt: "libcurl4-openssl-dev"),
    system("CSQLite", pkgConfig: "sqlite3", apt: "libsqlite3-dev"),
    system("CMicroHTTPD", pkgConfig: "libmicrohttpd", apt: "libmicrohttpd-dev"),
    .target(name: "COTACurlShims", dependencies: ["CCurl"]),
    .target(name: "COTAMicroHTTPDShims", dependencies: ["CMicroHTTPD"]),

    test("OTACore", []),
    test("OTACrypto", ["OTACore", "OTACryptoSodium"]),
    test("OTACryptoOpenSSL", ["OTACore", "OTACrypto", "OTACryptoSodium", "COpenSSL"]),
    test("OTACryptoPKCS11", ["OTACore", "OTACrypto", "OTACryptoOpenSSL", "OTACryptoSodium"]),
    test("OTAManifest", ["OTACore", "OTACrypto", "OTACryptoOpenSSL", "OTACryptoSodium"]),
    test(
      "OTADelta",
      [
        "OTACore", "OTACrypto", "OTACryptoSodium", "OTADeltaZlib", "OTADeltaBZip2", "OTADeltaLZMA",
        "OTACryptoOpenSSL", "OTADeltaVCDIFF", "OTADeltaZstd", "OTADeltaStreams", "OTADeltaContainers",
        "OTADeltaEncoder", "CBZip2", "CLZMA",
      ]),
    test(
      "OTAPartition",
      [
        "OTACore", "OTACrypto", "OTACryptoOpenSSL", "OTACryptoSodium", "OTAFlashSimulator", "OTATesting",
      ]),
    test(
      "OTAMCUbootOpenSSL",
      ["OTACore", "OTACrypto", "OTACryptoOpenSSL", "OTACryptoSodium", "OTAPartition"]),
    test(
      "OTAInPlace",
      [
        "OTACore", "OTACrypto", "OTADelta", "OTADeltaEncoder", "OTAPartition", "OTAFlashSimulator",
        "OTATesting",
      ]),
    test("OTAStateMachine", ["OTACore"]),
    test(
      "OTASerial",
      [
        "OTACore", "OTACrypto", "OTACryptoSodium", "OTAManifest", "OTADelta", "OTADeltaEncoder",
        "OTAPartition", "OTAFlashSimulator", "OTACommandLine",
      ]),
    test("OTATUF", ["OTACore", "OTACrypto", "OTACryptoOpenSSL", "OTACryptoSodium", "OTATransportHTTP"]),
    test(
      "OTAEspressif", ["OTACore", "OTACrypto", "OTACryptoOpenSSL", "OTAPartition", "OTAFlashSimulator"]),
    test(
      "OTANordicDFU", ["OTACore", "OTACrypto", "OTACryptoOpenSSL", "OTAPartition", "OTAFlashSimulator"]),
    test("OTATransportHTTP", ["OTACore", "OTATesting"]),
    test(
      "OTAServer",
      [
        "OTACore", "OTACrypto", "OTACryptoOpenSSL", "OTACryptoSodium", "OTAManifest", "OTAServerSQLite",
        "OTAServerHTTP",
        "OTATransportHTTP",
      ]),
    test(
      "OTAAgent",
      [
        "OTACore", "OTACrypto", "OTACryptoOpenSSL", "OTACryptoSodium", "OTAManifest", "OTADelta",
        "OTADeltaContainers", "OTADeltaZlib",
        "OTADeltaEncoder",
        "OTAPartition", "OTAStateMachine", "OTAFlashSimulator", "OTATesting", "OTAServer", "OTAServerSQLite",
        "OTAAgentTUF", "OTATUF",
      ]),
    test(
      "OTACommandLine",
      [
        "OTACore", "OTACrypto", "OTACryptoOpenSSL", "OTACryptoSodium", "OTAManifest", "OTADeltaContainers",
        "OTAPartition",
        "OTAServer",
        "OTAServerHTTP",
      ]),
  ],
  swiftLanguageModes: [.v6]
)
