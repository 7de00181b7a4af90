variable "boot_disk_gib" {
  description = "Size of the boot disk in GiB; at least the 50 GiB of the image."
  type        = number

  validation {
    condition     = var.boot_disk_gib >= 50
    error_message = "boot_disk_gib: must be at least 50, the size of the images of packer/ in GiB."
  }
}

variable "boot_disk_type" {
  description = "Type of the boot disk."
  type        = string

  validation {
    condition     = contains(["pd-balanced", "pd-ssd", "pd-standard"], var.boot_disk_type)
    error_message = "boot_disk_type: must be 'pd-balanced', 'pd-ssd' or 'pd-standard'."
  }
}

variable "boot_image" {
  description = "Name of one image, not of a family: an instance that is recreated at night must boot the tested image."
  type        = string

  validation {
    condition     = can(regex("-[0-9]{8,}$", var.boot_image)) && !strcontains(var.boot_image, "/family/")
    error_message = "boot_image: must name one image, not a family. Fix: such as dojangkok-cpu-base-20260101."
  }
}

variable "health_port" {
  description = "TCP port of the application, which answers /health."
  type        = number
}

variable "initial_delay_s" {
  description = "Seconds after its creation before auto-healing may recreate an instance."
  type        = number
}

variable "labels" {
  description = "Labels of the instances."
  type        = map(string)
}

variable "machine_type" {
  description = "Machine type, such as n2d-standard-2."
  type        = string
}

variable "name" {
  description = "Prefix of the instances' names. The group's name is this prefix and -mig; a template's name has 26 more digits."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,35}$", var.name))
    error_message = "name: must be lower case and at most 36 characters long."
  }
}

variable "service_account" {
  description = "Email of the instances' service account."
  type        = string
}

variable "startup_script" {
  description = "Script that root runs at every boot; it contains the image reference of the release once."
  type        = string

  validation {
    condition     = startswith(var.startup_script, "#!/bin/bash\n") && length(var.startup_script) < 128 * 1024
    error_message = "startup_script: must begin with '#!/bin/bash' and be shorter than 128 KiB, half of the limit for metadata."
  }
}

variable "subnet" {
  description = "Link of the instances' subnet."
  type        = string
}

variable "tags" {
  description = "Network tags that firewall rules apply to."
  type        = set(string)
}

variable "target_size" {
  description = "Number of instances outside a rollout."
  type        = number

  validation {
    condition     = var.target_size >= 1 && floor(var.target_size) == var.target_size
    error_message = "target_size: must be a whole number of at least 1; an empty group proves no release."
  }
}

variable "zone" {
  description = "Zone of the group."
  type        = string
}
