variable "name" {
  description = "Prefix of the names of the network, router, NAT and its address."
  type        = string
}

variable "region" {
  description = "Region of the subnets, router, NAT and its address."
  type        = string
}

variable "subnets" {
  description = "IPv4 ranges in CIDR notation by name of the subnet."
  type        = map(string)

  validation {
    condition     = alltrue([for range in values(var.subnets) : can(cidrnetmask(range))])
    error_message = "subnets: each value must be an IPv4 range, such as 10.10.0.0/24."
  }
}
