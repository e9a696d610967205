// What an administrator may answer, and what the modules hand to each other.

@export()
@description('hve: inside only. exo, graph, relay, smtp: anyone. direct: inside only. acs: anyone, closed to new customers since October 2026. none: nobody on that side gets anything. docs/transports.md says who should use which.')
type transportType = 'acs' | 'direct' | 'exo' | 'graph' | 'hve' | 'none' | 'relay' | 'smtp'

@export()
@description('How many copies of the bytes: LRS three in one building, ZRS three in three buildings (about a quarter dearer, not in every region).')
type redundancyType = 'Standard_LRS' | 'Standard_ZRS'

@export()
@description('none: no SFTP, flat namespace. on: printers deliver by SFTP; the endpoint costs $0.30 an hour, about $219 a month, used or not. prepared: SFTP may be switched on later, at no price until then. An account is made flat or hierarchical for good: none cannot become on in the same environment.')
type sftpType = 'none' | 'on' | 'prepared'

@export()
@description('A printer that delivers by SFTP.')
type printerType = {
  @description('Its user name: 3 to 64 lower-case letters and digits. Its scans go to scans/NAME.')
  @minLength(3)
  @maxLength(64)
  name: string
  @description('The public ssh keys that it signs in with, one to ten: ssh-rsa (2048 bits or more) or ecdsa-sha2-nistp256/384.')
  @minLength(1)
  @maxLength(10)
  keys: string[]
}

@export()
@description('How long things are kept, in days.')
type retentionType = {
  @description('How long a deleted blob can be brought back.')
  @minValue(1)
  @maxValue(365)
  softDeleteDays: int
  @description('How long container sent keeps a mailed scan (with keepSent).')
  @minValue(1)
  @maxValue(3650)
  sentDays: int
  @description('After how many days a held scan is deleted; 0: never.')
  @minValue(0)
  @maxValue(3650)
  heldDays: int
  @description('How long logs are kept.')
  @minValue(30)
  @maxValue(730)
  logDays: int
}

@export()
@description('Who reaches storage and Key Vault.')
type networkType = {
  @description('Whether public access is off and everything goes by private endpoints.')
  closed: bool
  @description('Public IPv4 addresses or ranges that are let in all the same, such as those of offices with an edge agent.')
  @maxLength(200)
  allowedAddresses: string[]
}

@export()
@description('How large and how many instances may become. docs/performance.md has the memory of a worker: 110 MB with 16 scans at once.')
type capacityType = {
  @description('Memory of an instance in MB. 512 carries host, worker and 16 scans, with a quarter of a core; 2048 a whole one: large TIFFs and cold starts are faster, at four times the price a second.')
  instanceMemoryMB: 512 | 2048 | 4096
  @description('How many instances each function may have at most; each takes 16 messages at once. Azure may refuse fewer than 40.')
  @minValue(1)
  @maxValue(1000)
  maximumInstances: int
  @description('Instances of receive that are always ready: no cold start, for about $10 a month each with 512 MB.')
  @minValue(0)
  @maxValue(20)
  alwaysReady: int
}

@export()
@description('Communication Services Email; used only where a transport is acs.')
type mailType = {
  @description('The domain that mails come from, such as scans.contoso.com; empty: a domain of Azure (10 mails an hour, for trials), sender DoNotReply.')
  @maxLength(253)
  domain: string
  @description('Whether that domain is verified. Only then can it be linked; the hook after provision sets it.')
  domainVerified: bool
  @description('The part of the sender before the @. Another than DoNotReply is refused until Microsoft has raised the quota of the domain.')
  @minLength(1)
  @maxLength(64)
  username: string
  @description('Where the service keeps data at rest.')
  dataLocation: 'Africa' | 'Asia Pacific' | 'Australia' | 'Brazil' | 'Canada' | 'Europe' | 'France' | 'Germany' | 'India' | 'Japan' | 'Korea' | 'Norway' | 'Switzerland' | 'UAE' | 'UK' | 'United States'
}

@export()
@description('A setting whose value is kept in Key Vault. Naming one makes the vault; its value is put there by hand (NEXT_STEPS says how).')
type vaultSettingType =
  | 'ACS_CONNECTION_STRING'
  | 'HVE_PASSWORD'
  | 'MAIL_CLIENT_CERTIFICATE'
  | 'MAIL_CLIENT_SECRET'
  | 'RELAY_CLIENT_CERTIFICATE'
  | 'SMTP_PASSWORD'
  | 'TOKEN_STORE'
