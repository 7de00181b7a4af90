# Every allowed ingress. A rule for all internal traffic would make these rules pointless, so there is none.
locals {
  rules = {
    allow-health-check = {
      description   = "Google's health-check probers reach the AI servers; without this rule no instance becomes healthy."
      source_ranges = ["35.191.0.0/16", "130.211.0.0/22"]
      source_tags   = null
      target_tags   = ["ai-server"]
      tcp_ports     = [tostring(local.ai_server_port)]
    }
    allow-ai-to-vllm = {
      description   = "AI servers call the model."
      source_ranges = null
      source_tags   = ["ai-server"]
      target_tags   = ["vllm"]
      tcp_ports     = ["8001"]
    }
    allow-ai-to-chromadb = {
      description   = "AI servers call the vector database."
      source_ranges = null
      source_tags   = ["ai-server"]
      target_tags   = ["chromadb"]
      tcp_ports     = ["8100"]
    }
    allow-iap-ssh = {
      description   = "SSH from Identity-Aware Proxy only."
      source_ranges = ["35.235.240.0/20"]
      source_tags   = null
      target_tags   = ["ai-server", "chromadb", "packer", "vllm"] # packer: the VM that builds an image
      tcp_ports     = ["22"]
    }
  }

  # Google's proxies have the ranges of its health-check probers if the backend is an instance group; the load balancer's
  # own check comes from them too. Source: cloud.google.com/load-balancing/docs/firewall-rules, read on 2026-11-27.
  ingress = var.domain == "" ? {} : {
    allow-load-balancer = {
      description   = "Google's proxies send the requests of listed callers to the AI servers, and probe them."
      source_ranges = ["35.191.0.0/16", "130.211.0.0/22"]
      source_tags   = null
      target_tags   = ["ai-server"]
      tcp_ports     = [tostring(local.ai_server_port)]
    }
  }

  monitoring = length(var.monitoring_source_ranges) == 0 ? {} : {
    allow-monitoring = {
      description   = "Prometheus reads the exporters of VMs and GPUs."
      source_ranges = var.monitoring_source_ranges
      source_tags   = null
      target_tags   = ["dojangkok-monitoring"]
      tcp_ports     = ["9100", "9400"]
    }
  }
}

module "firewall" {
  source   = "../firewall"
  for_each = merge(local.rules, local.ingress, local.monitoring)

  name          = "${local.name}-${each.key}"
  description   = each.value.description
  network       = module.networking.network
  source_ranges = each.value.source_ranges
  source_tags   = each.value.source_tags
  target_tags   = each.value.target_tags
  tcp_ports     = each.value.tcp_ports
}
