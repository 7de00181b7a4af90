# Versions are whole versions of Debian packages, as apt shows them: README.md says which of them were seen where.

variable "commit" {
  type        = string
  description = "Commit of this repository, for the image's labels."
  default     = "unknown"

  validation {
    condition     = can(regex("^(unknown|[0-9a-f]{7,40})$", var.commit))
    error_message = "The commit must be 7 to 40 hexadecimal digits."
  }
}

variable "cpu_source_image" {
  type        = string
  description = "One image of ubuntu-os-cloud, to build the same again; without it, the newest of the family."
  default     = null
}

variable "gpu_source_image" {
  type        = string
  description = "One image of ubuntu-os-accelerator-images, to build the same again; without it, the newest of the family."
  default     = null
}

variable "docker_buildx_version" {
  type    = string
  default = "0.30.1-1~ubuntu.22.04~jammy"
}

variable "docker_compose_version" {
  type    = string
  default = "2.40.3-1~ubuntu.22.04~jammy"
}

variable "docker_containerd_version" {
  type    = string
  default = "1.7.29-1~ubuntu.22.04~jammy"
}

variable "docker_version" {
  type        = string
  description = "Of docker-ce and docker-ce-cli."
  default     = "5:28.5.2-1~ubuntu.22.04~jammy"
}

variable "nvidia_toolkit_version" {
  type        = string
  description = "Of nvidia-container-toolkit and the three packages that it is made of."
  default     = "1.18.2-1"
}

variable "project_id" {
  type        = string
  description = "Project that builds and keeps the images."
}

variable "subnetwork" {
  type        = string
  description = "Subnetwork of the build: reached through IAP, and with a NAT as its way out."
}

variable "zone" {
  type        = string
  description = "Zone of the build; its region keeps the images, and names the registry that root can log in to."
  default     = "asia-northeast3-a"

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+-[a-z]$", var.zone))
    error_message = "The zone must be one like asia-northeast3-a."
  }
}
