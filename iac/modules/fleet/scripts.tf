# Startup scripts, which VMs run at every boot. Each contains the files of compose/ unchanged.
locals {
  compose   = "${path.module}/../../../compose"
  templates = "${path.module}/../../scripts"
  stacks    = { for name in ["ai-server", "chromadb", "vllm"] : name => chomp(file("${local.compose}/${name}/docker-compose.yml")) }

  # The first line of a fragment names its shell for shellcheck, and is no part of a startup script.
  fragments = { for name in ["functions", "phases", "secret", "service"] : name => trimspace(replace(file("${local.templates}/${name}.sh"), "/^# shellcheck [^\n]*\n/", "")) }

  # Where metrics go, as modules/fleet/variables.tf describes it: nowhere, to Google, or to a URL with a password or a token.
  is_google     = var.metrics_url == "google"
  metrics_write = local.is_google ? "google" : var.metrics_user == "" ? "bearer" : "basic"
  metrics = var.metrics_url == "" ? "// Metrics go nowhere: metrics_url is empty." : join("\n", [
    chomp(file("${local.compose}/metrics.alloy")), chomp(file("${local.compose}/write/${local.metrics_write}.alloy")),
  ])
  metrics_variables = { for name, value in {
    METRICS_LOCATION = local.is_google ? local.deploy.zone : ""
    METRICS_PORT     = local.ai_server_port
    METRICS_PROJECT  = local.is_google ? local.deploy.project : ""
    METRICS_URL      = local.is_google ? "https://monitoring.googleapis.com/v1/projects/${local.deploy.project}/location/global/prometheus/api/v1/write" : var.metrics_url
    METRICS_USER     = var.metrics_user
  } : name => value if var.metrics_url != "" && value != "" }

  collectors = { for name in keys(local.stacks) : name => templatefile("${local.templates}/collectors.sh.tftpl", {
    promtail       = chomp(file("${local.compose}/promtail.yml"))
    alloy          = chomp(file("${local.compose}/config.alloy"))
    metrics        = local.metrics
    metrics_secret = var.metrics_secret
    targets        = chomp(file("${local.compose}/${name}/targets.yml"))
  }) }

  common_values = { for name, stack in local.stacks : name => {
    project           = local.deploy.project
    functions         = local.fragments["functions"]
    phases            = local.fragments["phases"]
    secret            = local.fragments["secret"]
    service           = local.fragments["service"]
    compose           = stack
    collectors        = local.collectors[name]
    collector         = var.log_collector
    loki_url          = var.loki_url
    metrics_secret    = var.metrics_secret
    metrics_variables = local.metrics_variables
  } }

  # Google's proxies, the only callers behind the load balancer, keep an idle connection to a backend for 600 s, a fixed value
  # (docs.cloud.google.com/load-balancing/docs/https/request-distribution, read 2026-11-27). If the server closed it first,
  # a request that is on its way would get 502.
  keep_alive = var.domain == "" ? {} : { KEEP_ALIVE_SEC = 620 }

  scripts = {
    ai-server = templatefile("${local.templates}/startup-ai-server.sh.tftpl", merge(local.common_values["ai-server"], {
      image         = "${local.deploy.repository}${var.ai_server_first_release}"
      tokens_secret = var.ai_server_tokens_secret
      variables = merge(local.keep_alive, {
        APP_ENV                        = var.environment
        BACKEND_CALLBACK_BASE_URL      = var.backend_callback_base_url
        CHROMADB_URL                   = "http://${local.name}-chromadb.${local.internal_domain}:8100"
        HTTP_TIMEOUT_SEC               = var.http_timeout_s
        VLLM_BASE_URL                  = "http://${local.name}-vllm.${local.internal_domain}:8001/v1"
        VLLM_LORA_ADAPTER_CHECKLIST    = "checklist"
        VLLM_LORA_ADAPTER_EASYCONTRACT = "easycontract"
        VLLM_MODEL                     = one(regex("--model=(\\S+)", local.stacks["vllm"]))
      })
    }))
    chromadb = templatefile("${local.templates}/startup-chromadb.sh.tftpl", local.common_values["chromadb"])
    vllm = templatefile("${local.templates}/startup-vllm.sh.tftpl", merge(local.common_values["vllm"], {
      image = "${dirname(local.deploy.repository)}/vllm${var.vllm_first_release}"
    }))
  }
}
