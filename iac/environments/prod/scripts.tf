# What the machines run at every boot, with the stacks of compose/ in it as they are.
locals {
  compose   = "${path.module}/../../../compose"
  templates = "${path.module}/../../scripts"

  every_script = {
    project   = local.deploy.project
    functions = chomp(file("${local.templates}/functions.sh"))
    promtail  = chomp(file("${local.compose}/promtail.yml"))
    alloy     = chomp(file("${local.compose}/config.alloy"))
    loki_url  = var.loki_url
  }

  scripts = {
    ai-server = templatefile("${local.templates}/startup-ai-server.sh.tftpl", merge(local.every_script, {
      image   = "${local.deploy.repository}${var.ai_server_first_release}"
      compose = chomp(file("${local.compose}/ai-server/docker-compose.yml"))
      variables = {
        APP_ENV                        = local.environment
        BACKEND_CALLBACK_BASE_URL      = var.backend_callback_base_url
        CHROMADB_URL                   = "http://${local.name}-chromadb.${local.internal}:8100"
        HTTP_TIMEOUT_SEC               = var.http_timeout_s
        VLLM_BASE_URL                  = "http://${local.name}-vllm.${local.internal}:8001/v1"
        VLLM_LORA_ADAPTER_CHECKLIST    = var.vllm_lora_adapter_checklist
        VLLM_LORA_ADAPTER_EASYCONTRACT = var.vllm_lora_adapter_easycontract
        VLLM_MODEL                     = var.vllm_model
      }
    }))
  }
}
