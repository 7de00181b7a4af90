variable "dry_run_permissions" {
  description = "Permissions on the project, granted on instances and disks only if their names end in -0000; may be empty."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for permission in var.dry_run_permissions : can(regex("^compute\\.(instances|disks|images|subnetworks)\\.(create|set\\w+|use\\w*)$", permission)) && !can(regex("setIamPolicy", permission))])
    error_message = "dry_run_permissions: must be permissions to create an instance and to use what it needs."
  }
}

variable "name" {
  description = "Part of the email before the @."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.name))
    error_message = "name: must have 6 to 30 characters in lower case."
  }
}

variable "permissions" {
  description = "Permissions on the project, granted by a custom role of the same name; may be empty."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for permission in var.permissions : !can(regex("setIamPolicy|setCommonInstanceMetadata|\\*", permission))])
    error_message = "permissions: must not contain setIamPolicy, setCommonInstanceMetadata or *, by which the account could extend its rights."
  }
}

variable "project" {
  description = "Id of the project."
  type        = string
}

variable "project_roles" {
  description = "Predefined roles on the project."
  type        = set(string)
  default     = []

  validation {
    condition     = length(setsubtract(var.project_roles, ["roles/logging.logWriter", "roles/monitoring.metricWriter"])) == 0
    error_message = "project_roles: must be roles for logs and metrics only. Fix: grant other roles on a single resource."
  }
}

variable "purpose" {
  description = "Purpose of the account, which the console shows."
  type        = string
}

variable "users" {
  description = "Emails of accounts that may start VMs with this account, by label."
  type        = map(string)
  default     = {}
}
