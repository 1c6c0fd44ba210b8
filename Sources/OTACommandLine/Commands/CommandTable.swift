/// All commands, in the order of the help.
package enum CommandTable {
  /// To register a command, name its type here.
  package static let all: [any Command.Type] = [
    DemoCommand.self,
    KeyGenerate.self,
    DeltaMake.self,
    DeltaApply.self,
    DeltaInspect.self,
    ManifestCreate.self,
    ManifestSign.self,
    ManifestVerify.self,
    ManifestInspect.self,
    CeremonyExport.self,
    CeremonyShow.self,
    CeremonySign.self,
    CeremonyImport.self,
    ImageSign.self,
    ImageVerify.self,
    ImageInspect.self,
    TUFCommand.self,
    RepositoryInit.self,
    RepositoryAdd.self,
    RepositoryRemove.self,
    RepositoryDelegate.self,
    RepositoryRotate.self,
    RepositoryRenew.self,
    RepositorySign.self,
    RepositoryPublish.self,
    RepositoryStatus.self,
    ServerRun.self,
    SimulatePowerLoss.self,
  ]
}
