import Foundation
import OTACommandLine
import OTACryptoOpenSSL
import Testing

/// The module of Debian's softhsm2.
private let module = "/usr/lib/softhsm/libsofthsm2.so"
private let isInstalled =
  FileManager.default.isExecutableFile(atPath: "/usr/bin/softhsm2-util")
  && FileManager.default.fileExists(atPath: module)

/// Images signed with keys on a token, in processes of their own: the module has one configuration for a process.
@Suite(
  "ota image sign, a key on a token",
  .enabled(if: executable != nil, "the executable is not beside the tests"),
  .enabled(if: isInstalled, "needs Debian's softhsm2"))
struct ImageTokenTests {
  /// Makes a token with `key.pem`, and defines `sign`.
  private static let start = """
    mkdir tokens
    printf 'directories.tokendir = %s\\nlog.level = ERROR\\n' "$PWD/tokens" > softhsm2.conf
    export SOFTHSM2_CONF=$PWD/softhsm2.conf
    echo 246813 > pin
    head -c 5000 /dev/zero | tr '\\0' x > app.bin
    softhsm2-util --init-token --free --label release --pin 246813 --so-pin 97531 >&2 || exit 90
    softhsm2-util --import key.pem --token release --pin 246813 --label app --id 01 >&2 || exit 91
    sign() {
      key=$1; out=$2; shift 2
      $OTA image sign app.bin --key "$key" --out $out --version 1.2.3 --pad-header "$@"
    }
    token='pkcs11:token=release;object=app?module-path=\(module)&pin-source=file:pin'

    """

  @Test(
    "signs with every kind of key that images have, as the same key in a file does",
    arguments: ["ed25519", "es256", "es384", "rsa2048", "rsa3072"])
  func kinds(_ algorithm: String) async throws {
    let folder = try TemporaryFolder()
    for name in ["key", "other"] {
      let run = await ota("key", "generate", "--algorithm", algorithm, "--out", folder.file("\(name).pem"))
      #expect(run.status == .done)
    }
    let run = try bash(
      Self.start + """
        sign "$token" token.bin && sign key.pem file.bin && sign "$token" padded.bin --pad-sig
        """, in: folder)
    #expect(run.status == 0, "\(run.diagnostics)")
    for name in ["token.bin", "padded.bin"] {
      let verified = await ota("image", "verify", folder.file(name), "--key", folder.file("key.pub.pem"))
      #expect(verified.status == .done, "\(name): \(verified.diagnostics)")
      let stranger = await ota("image", "verify", folder.file(name), "--key", folder.file("other.pub.pem"))
      #expect(stranger.status == .refused)
    }
    let (token, file) = (try folder.read("token.bin"), try folder.read("file.bin"))
    switch algorithm {
    // Nothing of it is random.
    case "ed25519": #expect(token == file)
    case "rsa2048", "rsa3072": #expect(token.count == file.count && token != file)
    default:
      // The area ends with the signature: type, length, value. One of P-384 may be a byte longer than it is padded to.
      let padded = try folder.read("padded.bin")
      let sizes = algorithm == "es256" ? [72] : [103, 104]
      #expect(sizes.contains { Array(padded.suffix($0 + 4).prefix(4)) == [0x22, 0, UInt8($0), 0] })
    }
  }

  @Test("a kind that signs no images is refused by its name, and so is a wrong name, with nothing written")
  func refusals() async throws {
    let folder = try TemporaryFolder()
    let run = try bash(
      """
      command -v openssl > /dev/null || exit 80
      openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:4096 -out key.pem >&2 \\
        || openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:4096 -out key.pem >&2
      """ + "\n" + Self.start + """
        sign "$token" a.bin 2> large; echo $? >> large
        sign "${token/object=app/object=none}" a.bin 2> none; echo $? >> none
        sign 'pkcs11:object=app?pin-value=246813' a.bin 2> value; echo $? >> value
        """, in: folder)
    if run.status == 80 {
      print("RSA-4096 on a token: skipped, openssl is not installed")
      return
    }
    try #require(run.status == 0, "\(run.diagnostics)")
    for (name, text, status) in [
      ("large", "RSA-4096 on a token signs no images", 1), ("none", "no private key of this name", 1),
      ("value", "does not belong on the command line", 64),
    ] as [(String, String, Int)] {
      let lines = String(decoding: try folder.read(name), as: UTF8.self)
      #expect(lines.contains(text) && lines.hasSuffix("\n\(status)\n"), "\(lines)")
    }
    #expect(try !folder.names().contains("a.bin"))
  }
}
