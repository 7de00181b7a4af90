variable "boot_disk_gib" {
  description = "Size of the boot disk in GiB; not below the image's own 50."
  type        = number

  validation {
    condition     = var.boot_disk_gib >= 50
    error_message = "boot_disk_gib: the images of packer/ have 50 GiB, and a disk can't be smaller than its image."
  }
}

variable "boot_image" {
  description = "Image, not family: a machine that heals itself at night must boot what was tested."
  type        = string

  validation {
    condition     = can(regex("-[0-9]{8,}$", var.boot_image)) && !strcontains(var.boot_image, "/family/")
    error_message = "boot_image: name one image, such as dojangkok-cpu-base-20260101, not a family."
  }
}

variable "health_port" {
  description = "TCP port of the application, asked for /health."
  type        = number
}

variable "initial_delay_s" {
  description = "Seconds from a machine's creation to the first look that can cost it its life."
  type        = number
}

variable "labels" {
  description = "Labels of the machines."
  type        = map(string)
}

variable "machine_type" {
  description = "Such as n2d-standard-2."
  type        = string
}

variable "machines" {
  description = "How many there are when nothing rolls."
  type        = number

  validation {
    condition     = var.machines >= 1 && floor(var.machines) == var.machines
    error_message = "machines: a whole number of at least 1; an empty group proves no release."
  }
}

variable "name" {
  description = "What machines' names begin with; the group's has -mig behind it. A template's gets 26 digits more."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,35}$", var.name))
    error_message = "name: lower case, 36 characters at most."
  }
}

variable "service_account" {
  description = "Email of the machines' account."
  type        = string
}

variable "startup_script" {
  description = "Run by root at every boot; names the release's image once in full."
  type        = string

  validation {
    condition     = startswith(var.startup_script, "#!/bin/bash\n") && length(var.startup_script) < 128 * 1024
    error_message = "startup_script: begins with '#!/bin/bash', and is far below the 256 KiB that metadata holds."
  }
}

variable "subnet" {
  description = "Link of the machines' subnet."
  type        = string
}

variable "tags" {
  description = "Network tags, by which firewall rules find the machines."
  type        = set(string)
}

variable "zone" {
  description = "Zone of the group."
  type        = string
}
