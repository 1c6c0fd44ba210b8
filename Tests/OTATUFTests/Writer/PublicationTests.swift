import Foundation
import OTACore
import Testing

@testable import OTATUF

@Suite("A publication that is cut off")
struct PublicationTests {
  /// What is published, and by whom it is signed.
  enum Change: String, CaseIterable, Sendable {
    case target, delegation, timestampKey, snapshotKey, targetsKey, rootKey, everyKey
  }

  private func apply(_ change: Change, to writer: inout TUFRepositoryWriter, at time: Int64) throws {
    try writer.add("t", contents: Array("new".utf8), at: time)
    switch change {
    case .target: break
    case .delegation:
      try writer.delegate(
        to: try TUFRole(delegated: "bob"), paths: ["*"], keys: try WrittenRepository.keys(9), at: time)
    case .timestampKey: try writer.rotate(.timestamp, to: try WrittenRepository.keys(10), at: time)
    case .snapshotKey: try writer.rotate(.snapshot, to: try WrittenRepository.keys(11), at: time)
    case .targetsKey: try writer.rotate(.targets, to: try WrittenRepository.keys(12), at: time)
    case .rootKey: try writer.rotate(.root, to: try WrittenRepository.keys(13), at: time)
    case .everyKey:
      for (role, number) in [(TUFRole.timestamp, 10), (.snapshot, 11), (.targets, 12), (.root, 13)] {
        try writer.rotate(role, to: try WrittenRepository.keys(UInt8(number)), at: time)
      }
    }
  }

  /// Old and new clients must find the old state or the new one.
  private func check(_ place: String, _ clients: [FolderClient], _ comment: Comment) async throws {
    for client in try clients + [FolderClient(place)] {
      let text = try await client.download("t")
      #expect(["old", "new"].contains(text), comment)
    }
  }

  @Test(
    "at any file leaves a repository that every client accepts, and is completed by the next one",
    arguments: Change.allCases)
  func home(change: Change) async throws {
    var isComplete = false
    var cut = 0
    while !isComplete {
      // Nothing in here waits: other tests want their turn.
      await Task.yield()
      let repository = try WrittenRepository()
      let time = repository.time
      do {
        var writer = try repository.create()
        try writer.add("t", contents: Array("old".utf8), at: time)
        try await writer.publish(at: time, signers: try repository.everybody)
      }
      let (client, sleeper) = (try FolderClient(repository.home), try FolderClient(repository.home))
      try await client.refresh()
      do {
        var writer = try repository.open()
        try apply(change, to: &writer, at: time)
        let place = CutDestination(writer.home.published, after: cut)
        do {
          try await writer.publish(at: time, signers: try repository.everybody, through: place)
          isComplete = true
        } catch TUFWriterError.transport {}
      }
      try await check(repository.home, [client], "\(change), \(cut)")
      var writer = try repository.open()
      try await writer.publish(at: time, signers: try repository.everybody)
      for reader in [client, sleeper, try FolderClient(repository.home)] {
        #expect(try await reader.download("t") == "new", "\(change), \(cut)")
      }
      cut += 1
      try #require(cut < 20)
    }
    #expect(cut > 3)
  }

  @Test(
    "on its way to another place, too, also where that is several roots behind",
    arguments: [.target, .timestampKey, .targetsKey, .rootKey, .everyKey] as [Change])
  func mirror(change: Change) async throws {
    let repository = try WrittenRepository()
    let time = repository.time
    var writer = try repository.create()
    try writer.add("t", contents: Array("old".utf8), at: time)
    try await writer.publish(at: time, signers: try repository.everybody)
    let base = repository.path + "/base"
    try await writer.mirror(to: try TUFFolderDestination(path: base))
    try apply(change, to: &writer, at: time)
    try await writer.publish(at: time, signers: try repository.everybody)
    if [.target, .delegation, .rootKey].contains(change) {
      try writer.rotate(.root, to: try WrittenRepository.keys(14), at: time)
      try await writer.publish(at: time, signers: try repository.everybody)
    }

    var isComplete = false
    var cut = 0
    while !isComplete {
      // Nothing in here waits: other tests want their turn.
      await Task.yield()
      let path = "\(repository.path)/mirror-\(cut)"
      try FileManager.default.copyItem(atPath: base, toPath: path)
      let client = try FolderClient(path)
      #expect(try await client.download("t") == "old")
      do {
        try await writer.mirror(to: CutDestination(try TUFFolderDestination(path: path), after: cut))
        isComplete = true
      } catch TUFWriterError.transport {}
      try await check(path, [client], "\(change), \(cut)")
      let destination = try TUFFolderDestination(path: path)
      try await writer.mirror(to: destination)
      #expect(try await client.download("t") == "new", "\(change), \(cut)")
      // Nothing is written twice.
      try await writer.mirror(to: CutDestination(destination, after: 0))
      cut += 1
      try #require(cut < 20)
    }
    #expect(cut > 3)
  }

  @Test("between root and timestamp, where the lost key of a role cannot sign, is completed by the next one")
  func lostKey() async throws {
    let repository = try WrittenRepository()
    let time = repository.time
    do {
      var writer = try repository.create()
      try await writer.publish(at: time, signers: try repository.everybody)
    }
    let client = try FolderClient(repository.home)
    try await client.refresh()
    do {
      var writer = try repository.open()
      try writer.rotate(.timestamp, to: try WrittenRepository.keys(10), at: time)
      let place = CutDestination(writer.home.published, after: 1)
      await #expect(throws: TUFWriterError.self) {
        try await writer.publish(at: time, signers: try repository.signers(1, 10), through: place)
      }
    }
    // The old timestamp is signed by a key that is revoked: refused, and that is right.
    await #expect(throws: TUFError.thresholdNotMet(role: "timestamp")) { try await client.refresh() }
    var writer = try repository.open()
    #expect(writer.version(of: .root) == 2)
    try await writer.publish(at: time, signers: try repository.signers(10))
    try await client.refresh()
  }
}
