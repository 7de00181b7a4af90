# Startup scripts, which VMs run at every boot. Each contains the files of compose/ unchanged.
locals {
  compose   = "${path.module}/../../../compose"
  templates = "${path.module}/../../scripts"
  stacks    = { for name in ["ai-server", "chromadb", "vllm"] : name => chomp(file("${local.compose}/${name}/docker-compose.yml")) }

  # The first line of a fragment names its shell for shellcheck, and is no part of a startup script.
  fragments = { for name in ["functions", "secret", "service"] : name => trimspace(replace(file("${local.templates}/${name}.sh"), "/^# shellcheck [^\n]*\n/", "")) }

  common_values = { for name, stack in local.stacks : name => {
    project         = local.deploy.project
    functions       = local.fragments["functions"]
    secret          = local.fragments["secret"]
    service         = local.fragments["service"]
    compose         = stack
    promtail        = chomp(file("${local.compose}/promtail.yml"))
    alloy           = chomp(file("${local.compose}/config.alloy"))
    collector       = var.log_collector
    other_collector = var.log_collector == "alloy" ? "promtail" : "alloy"
    loki_url        = var.loki_url
  } }

  scripts = {
    ai-server = templatefile("${local.templates}/startup-ai-server.sh.tftpl", merge(local.common_values["ai-server"], {
      image         = "${local.deploy.repository}${var.ai_server_first_release}"
      tokens_secret = var.ai_server_tokens_secret
      variables = {
        APP_ENV                        = var.environment
        BACKEND_CALLBACK_BASE_URL      = var.backend_callback_base_url
        CHROMADB_URL                   = "http://${local.name}-chromadb.${local.internal_domain}:8100"
        HTTP_TIMEOUT_SEC               = var.http_timeout_s
        VLLM_BASE_URL                  = "http://${local.name}-vllm.${local.internal_domain}:8001/v1"
        VLLM_LORA_ADAPTER_CHECKLIST    = "checklist"
        VLLM_LORA_ADAPTER_EASYCONTRACT = "easycontract"
        VLLM_MODEL                     = one(regex("--model=(\\S+)", local.stacks["vllm"]))
      }
    }))
    chromadb = templatefile("${local.templates}/startup-chromadb.sh.tftpl", local.common_values["chromadb"])
    vllm = templatefile("${local.templates}/startup-vllm.sh.tftpl", merge(local.common_values["vllm"], {
      image = "${dirname(local.deploy.repository)}/vllm${var.vllm_first_release}"
    }))
  }
}
