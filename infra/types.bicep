// What an administrator may answer.

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
  @description('Public IPv4 addresses, or ranges up to /30, that are let in all the same, such as those of offices with an edge agent; no private ones.')
  @maxLength(200)
  allowedAddresses: string[]
  @description('Whether mail leaves from one fixed address: a NAT gateway, about $32 a month and $0.045 a GB. Port 25 is open to few kinds of subscription even so (Enterprise Agreement, MCA-E).')
  outboundIp: bool
  @description('Addresses of the virtual network, made where it is closed or has a fixed address; a /24 is enough.')
  @minLength(9)
  @maxLength(18)
  addressSpace: string
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
@description('What an object id in Entra stands for.')
type principalType = 'Group' | 'ServicePrincipal' | 'User'

@export()
@description('Who runs azd, and who works with the scanpost command.')
type peopleType = {
  @description('The object id of whoever runs azd; azd fills it in.')
  @maxLength(36)
  deployerId: string
  deployerType: principalType
  @description('The object id of an Entra group whose members may list, show and release scans; empty: nobody.')
  @maxLength(36)
  operatorGroupId: string
  @description('The object ids of the identities of edge agents, such as those of Azure Arc machines: they may bring scans.')
  @maxLength(200)
  agentIds: string[]
}

@export()
@description('Where the printers stand.')
type officeType = {
  @description('Their time zone by its IANA name, such as Europe/Berlin: for dates in mails and for working days.')
  @minLength(1)
  @maxLength(64)
  timezone: string
  @description('The language of mails.')
  language: 'de' | 'en'
  @description('On which days scans come; 0 is Sunday, 6 is Saturday. A day of these without a scan raises an alert.')
  @minLength(1)
  @maxLength(7)
  weekdays: int[]
}

@export()
@description('What it may cost.')
type budgetType = {
  @description('How much a month may cost, in the currency of the bill. Above it people are told; 0: nobody.')
  @minValue(0)
  monthly: int
  @description('When the budget began, such as 2026-11-01. It can never be changed: the first run fills it in.')
  @maxLength(10)
  began: string
}
