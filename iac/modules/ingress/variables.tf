variable "domain" {
  description = "DNS name that callers use; its A record is the output `address`, otherwise Google issues no certificate."
  type        = string

  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]{2,63}$", var.domain)) && length(var.domain) <= 253
    error_message = "domain: must be one DNS name in lower case, such as ai.example.com; a managed certificate has no wildcard."
  }
}

variable "draining_s" {
  description = "Seconds that requests in progress have before the VM of a replaced instance is stopped; each deletion takes at least so long."
  type        = number

  validation {
    condition     = var.draining_s >= 0 && var.draining_s <= 3600 && floor(var.draining_s) == var.draining_s
    error_message = "draining_s: must be a whole number from 0 to 3600."
  }
}

variable "health_port" {
  description = "TCP port of the application, which answers /readyz."
  type        = number
}

variable "instance_group" {
  description = "Link of the instance group that the load balancer sends requests to."
  type        = string
}

variable "name" {
  description = "Name of the parts of the load balancer; some have a suffix of 9 characters."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,53}$", var.name))
    error_message = "name: must be lower case and at most 54 characters long."
  }
}

variable "port_name" {
  description = "Named port of the instance group."
  type        = string
}

variable "request_timeout_s" {
  description = "Seconds after which the load balancer gives a request up; longer than the server takes for its longest answer."
  type        = number

  validation {
    condition     = var.request_timeout_s >= 30 && var.request_timeout_s <= 86400
    error_message = "request_timeout_s: must be from 30 to 86400."
  }
}

variable "source_ranges" {
  description = "IPv4 ranges in CIDR notation that may call the server, such as the NAT addresses of its backend."
  type        = set(string)

  validation {
    condition     = length(var.source_ranges) > 0
    error_message = "source_ranges: must have at least one range; without a range no caller reaches the server."
  }

  validation {
    condition = alltrue([
      for range in var.source_ranges : can(cidrnetmask(range)) && try(tonumber(split("/", range)[1]) >= 16, false)
    ])
    error_message = "source_ranges: each must be an IPv4 range of /16 or narrower, such as 192.0.2.7/32; a wider range is no list of callers."
  }

  validation {
    condition     = alltrue([for range in var.source_ranges : try(cidrsubnet(range, 0, 0) == range, true)])
    error_message = "source_ranges: each must begin with the first address of its range; 192.0.2.7/24 would admit 256 addresses. Fix: write 192.0.2.7/32 for one address, or 192.0.2.0/24 for all of them."
  }
}

variable "tokens_secret" {
  description = "Name of the secret with the callers' tokens."
  type        = string

  validation {
    condition     = var.tokens_secret != ""
    error_message = "tokens_secret: is empty, so the server would accept every caller without a token. Fix: name the secret with the callers' tokens."
  }
}
