import Foundation
import Testing

/// A Python that has the package `tuf`: the one in the variable `OTA_TUF_PYTHON`, or `python3` on `PATH`.
let pythonWithTUF: String? = {
  let environment = ProcessInfo.processInfo.environment
  let folders = environment["PATH", default: ""].split(separator: ":").map { "\($0)/python3" }
  let candidates = environment["OTA_TUF_PYTHON"].map { [$0] } ?? folders
  return candidates.first { candidate in
    guard FileManager.default.isExecutableFile(atPath: candidate) else { return false }
    let process = Process()
    process.executableURL = URL(filePath: candidate)
    process.arguments = ["-c", "import tuf.api.metadata, cryptography"]
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }
}()

/// A repository that python-tuf has written and Python serves on loopback, until this value goes away.
final class PythonRepository {
  private let process = Process()
  let path: String
  let address: String

  init() throws {
    path = FileManager.default.temporaryDirectory.appending(path: "ota-tuf-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    process.executableURL = URL(filePath: try #require(pythonWithTUF))
    process.arguments = ["-c", PythonRepository.program]
    process.currentDirectoryURL = URL(filePath: path)
    process.standardError = FileHandle.nullDevice
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    // One line, when all files are there and the socket listens.
    let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
    address = "http://127.0.0.1:\(line.filter(\.isNumber))"
  }

  deinit {
    // The child has inherited a mask of signals that blocks SIGTERM.
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    try? FileManager.default.removeItem(atPath: path)
  }

  private static let program = """
    import datetime, http.server, os
    from tuf.api.metadata import (
        DelegatedRole, Delegations, Metadata, MetaFile, Root, Snapshot, SuccinctRoles, TargetFile, Targets, Timestamp)
    from tuf.api.serialization.json import JSONSerializer
    from securesystemslib.signer import CryptoSigner

    expires = datetime.datetime(2040, 1, 1, tzinfo=datetime.timezone.utc)
    ed25519, ecdsa, rsa = (
        CryptoSigner.generate_ed25519(), CryptoSigner.generate_ecdsa(), CryptoSigner.generate_rsa())
    other = CryptoSigner.generate_ed25519()
    os.makedirs("metadata")
    os.makedirs("targets/a")

    def write(signed, name, signers):
        metadata = Metadata(signed)
        for signer in signers:
            metadata.sign(signer, append=True)
        data = metadata.to_bytes(JSONSerializer(compact=False))
        with open(f"metadata/{name}.json", "wb") as file:
            file.write(data)
        return MetaFile.from_data(signed.version, data, ["sha256", "sha512"])

    root = Root(version=1, expires=expires)
    for signer in (ed25519, ecdsa, rsa):
        root.add_key(signer.public_key, "root")
    root.roles["root"].threshold = 3
    root.add_key(ecdsa.public_key, "timestamp")
    root.add_key(rsa.public_key, "snapshot")
    root.add_key(ed25519.public_key, "targets")
    write(root, "1.root", (ed25519, ecdsa, rsa))
    root.version = 2
    root.revoke_key(ecdsa.public_key.keyid, "timestamp")
    root.add_key(other.public_key, "timestamp")
    root.unrecognized_fields["x-\\u00e9\\"\\\\\\n"] = ["\\u00e9\\U0001f600", -1, None, {}]
    write(root, "2.root", (ed25519, ecdsa, rsa))

    data = b"hello"
    target = TargetFile.from_data("a/file.bin", data, ["sha512"])
    with open(f"targets/a/{target.hashes['sha512']}.file.bin", "wb") as file:
        file.write(data)
    meta = {}
    bins = SuccinctRoles([], 1, 4, "bin")
    for name in bins.get_roles():
        role = Targets(version=1, expires=expires)
        if name == bins.get_role_for_target("a/file.bin"):
            role.targets["a/file.bin"] = target
        meta[f"{name}.json"] = write(role, f"1.{name}", (ecdsa,))
    middle = Targets(version=1, expires=expires)
    middle.delegations = Delegations({}, None, bins)
    middle.add_key(ecdsa.public_key)
    meta["a b.json"] = write(middle, "1.a b", (rsa,))
    targets = Targets(version=1, expires=expires)
    targets.delegations = Delegations({}, {"a b": DelegatedRole("a b", [], 1, False, ["a/*"])})
    targets.add_key(rsa.public_key, "a b")
    meta["targets.json"] = write(targets, "1.targets", (ed25519,))
    snapshot = write(Snapshot(version=1, expires=expires, meta=meta), "1.snapshot", (rsa,))
    write(Timestamp(version=1, expires=expires, snapshot_meta=snapshot), "timestamp", (other,))

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    print(server.server_address[1], flush=True)
    server.serve_forever()
    """
}
