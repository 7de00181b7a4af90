variable "description" {
  description = "Who comes in, and what for."
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
  description = "IPv4 ranges in CIDR notation that may come in; null where source_tags says who."
  type        = set(string)
  default     = null

  validation {
    # A /8 is the largest private range there is; everything wider is the internet.
    condition = alltrue([
      for range in coalesce(var.source_ranges, []) : can(cidrnetmask(range)) && try(tonumber(split("/", range)[1]) >= 8, false)
    ])
    error_message = "source_ranges: each is an IPv4 range of /8 or narrower; 0.0.0.0/0 is never a source."
  }
}

variable "source_tags" {
  description = "Tags of machines that may come in; null where source_ranges says who."
  type        = set(string)
  default     = null

  validation {
    condition     = length(coalesce(var.source_tags, [])) > 0 || length(coalesce(var.source_ranges, [])) > 0
    error_message = "source_tags: name at least one tag or range; a rule without a source lets everybody in."
  }
}

variable "target_tags" {
  description = "Tags of the machines that are reached."
  type        = set(string)

  validation {
    condition     = length(var.target_tags) > 0
    error_message = "target_tags: name at least one; a rule without a target opens every machine."
  }
}

variable "tcp_ports" {
  description = "TCP ports that are reached."
  type        = list(string)

  validation {
    condition     = length(var.tcp_ports) > 0 && alltrue([for port in var.tcp_ports : can(regex("^[0-9]{1,5}$", port))])
    error_message = "tcp_ports: at least one, each a single port."
  }
}
