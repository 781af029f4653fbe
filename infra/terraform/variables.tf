# The same parameters as infra/bicep/main.bicep, in the same words.

variable "organization" {
  description = "Short name of the organization: 2-8 lower-case letters and digits, a letter first. It makes global names unique."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,7}$", var.organization))
    error_message = "organization is 2-8 lower-case letters and digits, a letter first."
  }
}

variable "environment" {
  description = "Which deployment this is: dev, tst or prd. Part of every name."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["dev", "tst", "prd"], var.environment)
    error_message = "environment is dev, tst or prd."
  }
}

variable "location" {
  description = "Azure region of every resource. It must offer Flex Consumption, and zones where they are asked for."
  type        = string
  nullable    = false
}

variable "tags" {
  description = "Tags for every resource, merged over workload, environment and managed-by."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "instance_memory_mb" {
  description = "Memory of an instance in MB. 2048 runs 16 requests or 24 jobs side by side on one core; 512 costs a quarter and suits a trickle of changes; 4096 is for very large groups."
  type        = number
  default     = 2048
  nullable    = false

  validation {
    condition     = contains([512, 2048, 4096], var.instance_memory_mb)
    error_message = "instance_memory_mb is 512, 2048 or 4096: Flex Consumption has no other sizes."
  }
}

variable "maximum_instance_count" {
  description = "Most instances at a time. Each runs up to 24 jobs (host.json), so this caps the pressure on connected systems."
  type        = number
  default     = 40
  nullable    = false

  validation {
    condition     = var.maximum_instance_count >= 1 && var.maximum_instance_count <= 1000
    error_message = "maximum_instance_count is between 1 and 1000."
  }
}

variable "http_concurrency" {
  description = "HTTP requests that one instance takes at a time. Azure's own default for Python is 1: an instance for each request."
  type        = number
  default     = 16
  nullable    = false

  validation {
    condition     = var.http_concurrency >= 1 && var.http_concurrency <= 1000
    error_message = "http_concurrency is between 1 and 1000."
  }
}

variable "always_ready_http" {
  description = "Instances kept warm for HTTP (SCIM, admin API). 0: the first request after a pause waits for a cold start; 2: no gap while a release rolls out."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.always_ready_http >= 0 && var.always_ready_http <= var.maximum_instance_count
    error_message = "always_ready_http is between 0 and maximum_instance_count."
  }
}

variable "always_ready_jobs" {
  description = "Instances kept warm for jobs. 0: the first job after a pause waits for tens of seconds, at worst for minutes."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.always_ready_jobs >= 0 && var.always_ready_jobs <= var.maximum_instance_count
    error_message = "always_ready_jobs is between 0 and maximum_instance_count."
  }
}

variable "zone_redundant_storage" {
  description = "Keep the data in three zones of the region (ZRS instead of LRS), for a quarter more. Decide before the first deployment: an account is not converted by a template."
  type        = bool
  default     = false
  nullable    = false
}

variable "zone_redundant" {
  description = "Spread the app over zones. Azure then keeps two instances warm for HTTP and for each queue and timer function, and charges for all of them. Without it a zone's outage delays changes and loses none. It needs zone_redundant_storage."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = !var.zone_redundant || var.zone_redundant_storage
    error_message = "zone_redundant needs zone_redundant_storage: an app over zones reads its code and its directory from the account."
  }
}

variable "isolate_network" {
  description = "VNet integration, private endpoints and private DNS; storage and vault are closed to the public. Needed to reach LDAP on premises."
  type        = bool
  default     = false
  nullable    = false
}

variable "address_space" {
  description = "Address space of the VNet, /24 or larger: a /26 for the app and a /27 for private endpoints are cut from it."
  type        = string
  default     = "10.60.0.0/24"
  nullable    = false

  validation {
    condition     = can(cidrhost(var.address_space, 0)) && can(regex("/([0-9]|1[0-9]|2[0-4])$", var.address_space))
    error_message = "address_space is a range like 10.60.0.0/24, /24 or larger."
  }
}

variable "dns_servers" {
  description = "DNS servers of the VNet, for on-premises names. They must forward the privatelink zones to Azure (168.63.129.16). Empty: Azure's own."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for server in var.dns_servers : can(cidrhost("${server}/32", 0))])
    error_message = "dns_servers are IPv4 addresses."
  }
}

variable "entra_ingress_only" {
  description = "Take HTTP requests only from Entra ID (service tag AzureActiveDirectory) and from admin_address_ranges."
  type        = bool
  default     = false
  nullable    = false
}

variable "admin_address_ranges" {
  description = "Address ranges (CIDR) of administrators, pipelines and console users. They are let in where entra_ingress_only is true."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for range in var.admin_address_ranges : can(cidrhost(range, 0))])
    error_message = "admin_address_ranges are ranges like 203.0.113.0/24; one address is 203.0.113.7/32."
  }

  validation {
    condition     = !contains(var.admin_address_ranges, "0.0.0.0/0")
    error_message = "admin_address_ranges must not hold 0.0.0.0/0: it lets everybody in."
  }
}

variable "console_client_id" {
  description = "Application (client) id of the console's app registration. Empty: no sign-in is set up, and the console stays closed."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.console_client_id == "" || can(regex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", lower(var.console_client_id)))
    error_message = "console_client_id is the Application (client) id of an app registration, a GUID."
  }
}

variable "log_daily_cap_gb" {
  description = "Most GB of logs a day that the workspace takes; after that it drops them until the next day. A guard against a bill, with an alert."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.log_daily_cap_gb >= 1
    error_message = "log_daily_cap_gb is 1 or more."
  }
}

variable "log_retention_days" {
  description = "Days that logs are kept in the workspace."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.log_retention_days >= 30 && var.log_retention_days <= 730
    error_message = "log_retention_days is between 30 and 730."
  }
}

variable "alert_emails" {
  description = "Mail addresses that alerts and the budget go to. Empty: alerts fire without a receiver, and there is no budget."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for address in var.alert_emails : can(regex("^[^@\\s]+@[^@\\s]+$", address))])
    error_message = "alert_emails are mail addresses."
  }
}

variable "monthly_budget" {
  description = "Monthly budget of the resource group, in the currency of the subscription. It warns and stops nothing."
  type        = number
  default     = 50
  nullable    = false

  validation {
    condition     = var.monthly_budget >= 1
    error_message = "monthly_budget is 1 or more."
  }
}

variable "budget_start" {
  description = "First month of the budget, as yyyy-mm-01. It cannot be changed once the budget exists."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^20[0-9]{2}-(0[1-9]|1[0-2])-01$", var.budget_start))
    error_message = "budget_start is the first day of a month, as yyyy-mm-01."
  }
}

variable "deployer_subject" {
  description = "Subject of the pipeline's federated credential, such as repo:ORG/REPOSITORY:environment:production. Empty: no identity for a pipeline."
  type        = string
  default     = ""
  nullable    = false
}

variable "deployer_issuer" {
  description = "Issuer of the pipeline's tokens: GitHub Actions, or that of an Azure DevOps service connection."
  type        = string
  default     = "https://token.actions.githubusercontent.com"
  nullable    = false

  validation {
    condition     = startswith(var.deployer_issuer, "https://")
    error_message = "deployer_issuer is an https:// address."
  }
}

variable "app_settings" {
  description = "More application settings, such as LOCKSTEP_REPORT_DAYS (docs/settings.md). Not for secrets: those are named by reference."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name in keys(var.app_settings) : startswith(name, "LOCKSTEP_")])
    error_message = "app_settings are the hub's own, which begin with LOCKSTEP_; the templates set what the host needs."
  }

  validation {
    condition     = alltrue([for name, value in var.app_settings : startswith(value, "@Microsoft.KeyVault(") if startswith(name, "LOCKSTEP_SECRET_")])
    error_message = "A secret in app_settings would stand in the state: put it into the vault and name it as vault:NAME, or give a Key Vault reference, @Microsoft.KeyVault(...)."
  }
}

variable "delete_lock" {
  description = "Forbid deleting the storage account and the vault (CanNotDelete). Tables have no soft delete: the account is the directory."
  type        = bool
  default     = false
  nullable    = false
}
