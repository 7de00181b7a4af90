variable "ai_server_first_release" {
  description = "What the group's machines start as before the first deploy: `:TAG` or `@sha256:DIGEST` of the repository."
  type        = string

  validation {
    condition     = can(regex("^(:[0-9A-Za-z_][0-9A-Za-z_.-]{0,127}|@sha256:[0-9a-f]{64})$", var.ai_server_first_release)) && var.ai_server_first_release != ":latest"
    error_message = "ai_server_first_release: ':TAG' or '@sha256:DIGEST'; ':latest' is another image tomorrow."
  }
}

variable "ai_server_machine_type" {
  description = "Machine type of the AI servers; amd64."
  type        = string
  default     = "n2d-standard-2"
}

variable "ai_server_machines" {
  description = "How many AI servers there are when nothing rolls."
  type        = number
  default     = 1
}

variable "backend_callback_base_url" {
  description = "Where results are sent; without a version in its path."
  type        = string

  validation {
    condition     = can(regex("^https://[A-Za-z0-9.:/_-]+$", var.backend_callback_base_url)) && !endswith(var.backend_callback_base_url, "/v1")
    error_message = "backend_callback_base_url: begins with https:// and does not end in /v1."
  }
}

variable "chromadb_machine_type" {
  description = "Machine type of ChromaDB's machine; amd64."
  type        = string
  default     = "e2-medium"
}

variable "cpu_image" {
  description = "Image of packer/cpu-base, such as dojangkok-cpu-base-20260101."
  type        = string
}

variable "github_owner_id" {
  description = "Number of the repository's owner on GitHub: `gh api users/OWNER --jq .id`."
  type        = string
}

variable "github_repository_id" {
  description = "Number of the repository on GitHub: `gh api repos/OWNER/NAME --jq .id`."
  type        = string
}

variable "gpu_image" {
  description = "Image of packer/gpu-base, such as dojangkok-gpu-base-20260101."
  type        = string
}

variable "http_timeout_s" {
  description = "Seconds that the AI server waits for another service; a model needs minutes. A stop waits for none longer than 60 s."
  type        = number
  default     = 180

  validation {
    condition     = var.http_timeout_s > 0
    error_message = "http_timeout_s: above 0. It may be longer than a server that is stopped goes on working (60 s): that hands back what it still waits for."
  }
}

variable "log_collector" {
  description = "What ships the machines' logs: promtail, or alloy, which follows it; after the next boot."
  type        = string
  default     = "promtail"

  validation {
    condition     = contains(["alloy", "promtail"], var.log_collector)
    error_message = "log_collector: 'promtail' or 'alloy'."
  }
}

variable "loki_url" {
  description = "Where logs are pushed, without a path, such as http://loki.example.com:3100."
  type        = string

  validation {
    condition     = can(regex("^https?://[A-Za-z0-9.:-]+$", var.loki_url))
    error_message = "loki_url: scheme, host and port, without a path."
  }
}

variable "monitoring_source_ranges" {
  description = "Private ranges that may read the exporters; empty where metrics are pushed."
  type        = set(string)
  default     = []
}

variable "vllm_first_release" {
  description = "What vLLM's machine starts as before the first update: `:TAG` or `@sha256:DIGEST` of the image vllm beside the AI server's."
  type        = string

  validation {
    condition     = can(regex("^(:[0-9A-Za-z_][0-9A-Za-z_.-]{0,127}|@sha256:[0-9a-f]{64})$", var.vllm_first_release)) && var.vllm_first_release != ":latest"
    error_message = "vllm_first_release: ':TAG' or '@sha256:DIGEST'; ':latest' is another image tomorrow."
  }
}

variable "vllm_gpu_type" {
  description = "GPU of vLLM's machine."
  type        = string
  default     = "nvidia-l4"
}

variable "vllm_machine_type" {
  description = "Machine type of vLLM's machine."
  type        = string
  default     = "g2-standard-4"
}
