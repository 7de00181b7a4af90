variable "name" {
  description = "What the names of the network, router and NAT begin with."
  type        = string
}

variable "region" {
  description = "Where the subnets, router and NAT are."
  type        = string
}

variable "subnets" {
  description = "IPv4 ranges in CIDR notation, by the subnet's name."
  type        = map(string)

  validation {
    condition     = alltrue([for range in values(var.subnets) : can(cidrnetmask(range))])
    error_message = "subnets: each value is an IPv4 range, such as 10.10.0.0/24."
  }
}
