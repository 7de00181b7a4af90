# Every way in. There is no rule for "everything internal": it would make the others pointless.
locals {
  rules = {
    allow-health-check = {
      description   = "Google's health-check probers ask the AI servers; without them no machine is ever healthy."
      source_ranges = ["35.191.0.0/16", "130.211.0.0/22"]
      source_tags   = null
      target_tags   = ["ai-server"]
      tcp_ports     = ["8000"]
    }
    allow-ai-to-vllm = {
      description   = "AI servers ask the model."
      source_ranges = null
      source_tags   = ["ai-server"]
      target_tags   = ["vllm"]
      tcp_ports     = ["8001"]
    }
    allow-ai-to-chromadb = {
      description   = "AI servers ask the vector database."
      source_ranges = null
      source_tags   = ["ai-server"]
      target_tags   = ["chromadb"]
      tcp_ports     = ["8100"]
    }
    allow-iap-ssh = {
      description   = "SSH through Identity-Aware Proxy, and from nowhere else."
      source_ranges = ["35.235.240.0/20"]
      source_tags   = null
      target_tags   = ["ai-server", "chromadb", "packer", "vllm"] # packer: while it builds an image
      tcp_ports     = ["22"]
    }
  }

  monitoring = length(var.monitoring_source_ranges) == 0 ? {} : {
    allow-monitoring = {
      description   = "Prometheus reads the exporters of machines and GPUs."
      source_ranges = var.monitoring_source_ranges
      source_tags   = null
      target_tags   = ["dojangkok-monitoring"]
      tcp_ports     = ["9100", "9400"]
    }
  }
}

module "firewall" {
  source   = "../../modules/firewall"
  for_each = merge(local.rules, local.monitoring)

  name          = "${local.name}-${each.key}"
  description   = each.value.description
  network       = module.networking.network
  source_ranges = each.value.source_ranges
  source_tags   = each.value.source_tags
  target_tags   = each.value.target_tags
  tcp_ports     = each.value.tcp_ports
}
