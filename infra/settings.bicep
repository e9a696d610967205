// The settings of docs/settings.md that have no question of their own; empty or left out: the code's default holds.

@export()
@description('More settings, by the names of docs/settings.md. Secrets are not among them: see inVault.')
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
  @description('How long a transport is out of reach before the next one takes over.')
  FAILOVER_AFTER_SECONDS: string?
  @description('How long a scan is tried before it is held.')
  GIVE_UP_AFTER_HOURS: string?
  @description('Address of Graph, for other clouds.')
  GRAPH_ENDPOINT: string?
  HVE_HOST: string?
  @maxLength(5)
  HVE_PORT: string?
  @description('Waits between looks at a file that is not whole.')
  INCOMPLETE_SECONDS: string?
  @description('How long a worker may take for one mail.')
  LEASE_SECONDS: string?
  @description('How long the rows of finished scans are kept.')
  LEDGER_DAYS: string?
  @description('How long a file may keep a temporary name.')
  LEFTOVER_SECONDS: string?
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
