import OTAServer
import OTAServerSQLite

func serverSQLite() throws {
  // snippet.show
  let store = try SQLiteStore(path: "updates.sqlite3")
  let artifacts = try ArtifactStore(directory: "artifacts")
  let server = UpdateServer(store: store, artifacts: artifacts)
  // snippet.hide
  _ = server
}
