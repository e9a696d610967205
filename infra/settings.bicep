// What concerns the code and its mails: the settings of docs/settings.md, secrets, Communication Services.

@export()
@description('Settings by the names of docs/settings.md; empty or left out: the default of the code holds. Secrets are not among them: see inVault.')
type settingsType = {
  @description('An Azure Communication Services resource that is there already, instead of one made here, such as https://contoso.europe.communication.azure.com.')
  ACS_ENDPOINT: string?
  @description('Its sender, an address of a linked domain.')
  ACS_SENDER: string?
  @description('Address of Entra, for other clouds.')
  AZURE_AUTHORITY_HOST: string?
  @description('The MX of the tenant, such as contoso-com.mail.protection.outlook.com.')
  DIRECT_HOST: string?
  @maxLength(5)
  DIRECT_PORT: string?
  @description('An address of an accepted domain.')
  DIRECT_SENDER: string?
  @description('Host of client submission, for other clouds.')
  EXO_HOST: string?
  @maxLength(5)
  EXO_PORT: string?
  @description('With exo: the mailbox that mails come from; several, comma-separated, share the load.')
  EXO_SENDER: string?
  @description('How long a transport is out of reach before the next one takes over.')
  FAILOVER_AFTER_SECONDS: string?
  @description('How long a scan is tried before it is held.')
  GIVE_UP_AFTER_HOURS: string?
  @description('Address of Graph, for other clouds.')
  GRAPH_ENDPOINT: string?
  @description('With graph: the mailbox that mails come from; several, comma-separated, share the load.')
  GRAPH_SENDER: string?
  HVE_HOST: string?
  @maxLength(5)
  HVE_PORT: string?
  @description('With hve: the address of the High Volume Email account.')
  HVE_SENDER: string?
  @description('Waits between looks at a file that is not whole.')
  INCOMPLETE_SECONDS: string?
  @description('How long a worker may take for one mail.')
  LEASE_SECONDS: string?
  @description('How long the rows of finished scans are kept.')
  LEDGER_DAYS: string?
  @description('How long a file may keep a temporary name.')
  LEFTOVER_SECONDS: string?
  @description('With hve and exo: the Entra application that sends by SMTP; infra/exchange makes it, and prints its client id.')
  MAIL_CLIENT_ID: string?
  @description('Which tenant the mailboxes are in; empty: the one of the subscription.')
  MAIL_TENANT_ID: string?
  @description('Calls at once in a worker; host.json asks for 16.')
  @maxLength(3)
  PYTHON_THREADPOOL_THREAD_COUNT: string?
  @description('What each sender may send, such as acs=600/min,10000/h; exo=none.')
  QUOTAS: string?
  @description('The MX of the tenant, or a relay on premises.')
  RELAY_HOST: string?
  @maxLength(5)
  RELAY_PORT: string?
  @description('An address of an accepted domain.')
  RELAY_SENDER: string?
  @description('A PEM file of authorities to trust as well, inside the package.')
  REQUESTS_CA_BUNDLE: string?
  @description('Waits between attempts.')
  RETRY_SECONDS: string?
  @description('The mail server of another provider; empty with SMTP_PRESET.')
  SMTP_HOST: string?
  @maxLength(5)
  SMTP_PORT: string?
  @description('A provider whose server is known.')
  SMTP_PRESET: ('' | 'acs' | 'infobip' | 'mailgun' | 'postmark' | 'sendgrid' | 'ses')?
  @description('The address that mails come from.')
  SMTP_SENDER: string?
  @description('STARTTLS, or TLS from the first byte.')
  SMTP_TLS: ('' | 'starttls' | 'tls')?
  @description('Who signs in; the password is SMTP_PASSWORD in the vault.')
  SMTP_USER: string?
  @description('A PEM file of authorities to trust, inside the package.')
  SSL_CERT_FILE: string?
  @description('How old a file without an event must be before sweep takes it on.')
  SWEEP_AFTER_SECONDS: string?
  @description('When sweep runs: six fields, seconds first.')
  SWEEP_SCHEDULE: string?
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
  dataLocation:
    | 'Africa'
    | 'Asia Pacific'
    | 'Australia'
    | 'Brazil'
    | 'Canada'
    | 'Europe'
    | 'France'
    | 'Germany'
    | 'India'
    | 'Japan'
    | 'Korea'
    | 'Norway'
    | 'Switzerland'
    | 'UAE'
    | 'UK'
    | 'United States'
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
