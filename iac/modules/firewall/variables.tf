variable "description" {
  description = "Who connects, and for what purpose."
  type        = string
}

variable "name" {
  description = "Name of the rule."
  type        = string
}

variable "network" {
  description = "Name of the network."
  type        = string
}

variable "source_ranges" {
  description = "IPv4 ranges in CIDR notation that may connect; null if source_tags is set."
  type        = set(string)
  default     = null

  validation {
    # /8 is the largest private range; a wider range includes public addresses.
    condition = alltrue([
      for range in coalesce(var.source_ranges, []) : can(cidrnetmask(range)) && try(tonumber(split("/", range)[1]) >= 8, false)
    ])
    error_message = "source_ranges: each must be an IPv4 range of /8 or narrower; 0.0.0.0/0 is never a source."
  }
}

variable "source_tags" {
  description = "Tags of VMs that may connect; null if source_ranges is set."
  type        = set(string)
  default     = null

  validation {
    condition     = length(coalesce(var.source_tags, [])) > 0 || length(coalesce(var.source_ranges, [])) > 0
    error_message = "source_tags: must have a tag if source_ranges is empty; a rule without a source admits every address."
  }
}

variable "target_tags" {
  description = "Tags of the VMs that accept the connection."
  type        = set(string)

  validation {
    condition     = length(var.target_tags) > 0
    error_message = "target_tags: must have at least one tag; a rule without a target opens every VM."
  }
}

variable "tcp_ports" {
  description = "TCP ports that accept the connection."
  type        = list(string)

  validation {
    condition     = length(var.tcp_ports) > 0 && alltrue([for port in var.tcp_ports : can(regex("^[0-9]{1,5}$", port))])
    error_message = "tcp_ports: must have at least one entry, and each entry must be a single port."
  }
}
