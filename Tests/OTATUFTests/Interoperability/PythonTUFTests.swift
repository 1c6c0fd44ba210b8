import Foundation
import OTACore
import OTATransportHTTP
import Testing

@testable import OTATUF

@Suite(
  "A repository of python-tuf, over HTTP",
  .enabled(if: pythonWithTUF != nil, "there is no Python with the package tuf; name one in OTA_TUF_PYTHON"))
struct PythonTUFTests {
  @Test("is followed through a rotation of keys, three types of them, delegations and hash bins, to a target")
  func download() async throws {
    let repository = try PythonRepository()
    let client = repository.path + "/client"
    for name in ["metadata", "targets"] {
      try FileManager.default.createDirectory(
        atPath: "\(client)/\(name)", withIntermediateDirectories: true)
    }
    let root = [UInt8](try Data(contentsOf: URL(filePath: repository.path + "/metadata/1.root.json")))
    let folder = try MetadataFolder(path: client + "/metadata")
    try TUFClient.initialize(folder, root: root)
    let transport = try HTTPTransport(base: repository.address)
    let metadata = TransportFetcher(transport, base: repository.address + "/metadata")
    let files = TransportFetcher(transport, base: repository.address + "/targets/")
    let view = try await TUFClient(folder: folder, fetcher: metadata).refresh(at: TestRepository.now)
    #expect(view.rootVersion == 2)
    let target = try await view.target(at: "a/file.bin")
    let targets = try TargetFolder(path: client + "/targets")
    #expect(try await view.download(target, from: files, into: targets))
    #expect(try Data(contentsOf: URL(filePath: try targets.path(of: target))) == Data("hello".utf8))
    await #expect(throws: TUFError.unknownTarget("a/none")) { try await view.target(at: "a/none") }
    let names = try FileManager.default.contentsOfDirectory(atPath: client + "/metadata").sorted()
    #expect(names.first == "a%20b.json")
    // A file that is not there is a 404, which is known from other failures.
    await #expect(throws: TUFFetchError.notFound) { try await metadata.open("none.json") }
  }
}
