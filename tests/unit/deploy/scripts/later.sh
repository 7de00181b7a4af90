#!/bin/bash
set -euo pipefail

# Runs at every boot of a machine, as root; its output is on the serial port.
# What the machine is told stands in this file alone: secrets come from Secret Manager, by the machine's own account,
# so that neither the instance template nor whoever may read it knows any of them.

# --- 1. Folder of the stack ---
mkdir -p /opt/app

# --- 2. Secrets ---
# The delimiter is not quoted: the shell puts the values in. None of them may hold a line end or a dollar sign.
cat > /opt/app/.env <<EOF
APP_ENV=dev
VLLM_BASE_URL=https://vllm.example/v1
VLLM_API_KEY=$(gcloud secrets versions access latest --secret=example-vllm-api-key)
VLLM_MODEL=example/model-7.8b
VLLM_LORA_ADAPTER_CHECKLIST=
VLLM_LORA_ADAPTER_EASYCONTRACT=
OCR_API=$(gcloud secrets versions access latest --secret=example-ocr-api)
BACKEND_CALLBACK_BASE_URL=https://backend.example/api
BACKEND_INTERNAL_TOKEN=$(gcloud secrets versions access latest --secret=example-backend-token)
RABBITMQ_URL=$(gcloud secrets versions access latest --secret=example-rabbitmq-url)
HTTP_TIMEOUT_SEC=180
EOF
chmod 600 /opt/app/.env

# --- 3. Collector: logs, metrics, traces ---
cat > /opt/app/config.alloy <<'ALLOY'
// Alloy of the ai-server machines
logging {
  level  = "info"
  format = "logfmt"
}

// --- logs of the containers ---
discovery.docker "containers" {
  host             = "unix:///var/run/docker.sock"
  refresh_interval = "15s"
}

discovery.relabel "containers" {
  targets = discovery.docker.containers.targets

  rule {
    source_labels = ["__meta_docker_container_name"]
    regex         = "/(.*)"
    target_label  = "container"
  }

  rule {
    target_label = "job"
    replacement  = "docker"
  }
}

loki.source.docker "containers" {
  host       = "unix:///var/run/docker.sock"
  targets    = discovery.relabel.containers.output
  forward_to = [loki.process.containers.receiver]
}

loki.process "containers" {
  stage.json {
    expressions = {level = "level", message = "message"}
  }

  stage.labels {
    values = {level = ""}
  }

  stage.static_labels {
    values = {
      host    = "ai-server",
      service = "ai-server",
      env     = "dev",
    }
  }

  forward_to = [loki.write.central.receiver]
}

loki.write "central" {
  endpoint {
    url = "http://loki.example:3100/loki/api/v1/push"
  }
}

// --- metrics: what the application and the machine itself count, every fifteen seconds, pushed outwards ---
prometheus.scrape "app" {
  targets         = [{"__address__" = "localhost:8000", "instance" = "ai-server"}]
  scrape_interval = "15s"
  metrics_path    = "/metrics"
  forward_to      = [prometheus.remote_write.central.receiver]
}

prometheus.scrape "node" {
  targets         = [{"__address__" = "localhost:9100"}]
  scrape_interval = "15s"
  forward_to      = [prometheus.remote_write.central.receiver]
}

prometheus.remote_write "central" {
  endpoint {
    url = "http://prometheus.example:9090/api/v1/write"
  }
}

// --- traces: received on this machine alone from whoever speaks OTLP, and sent on as they came; a collector that does
// not answer loses them, and nothing here waits for it ---
otelcol.receiver.otlp "traces" {
  grpc {
    endpoint = "0.0.0.0:4317"
  }

  http {
    endpoint = "0.0.0.0:4318"
  }

  output {
    traces = [otelcol.exporter.otlp.tempo.input]
  }
}

otelcol.exporter.otlp "tempo" {
  client {
    endpoint = "tempo.example:4317"

    tls {
      insecure = true
    }
  }
}
ALLOY

# --- 4. Folder of the logs ---
mkdir -p /var/log/dojangkok

# --- 5. Stack ---
# The delimiter is quoted: what stands below reaches the file as it is, and only compose looks into it.
cat > /opt/app/docker-compose.yml <<'COMPOSE'
services:
  ai-server:
    image: asia-northeast3-docker.pkg.dev/dojangkok-dev/dojangkok-ai/ai-server:latest
    network_mode: host
    restart: unless-stopped
    env_file:
      - .env

  node-exporter:
    image: prom/node-exporter:v1.9.0
    network_mode: host
    restart: unless-stopped
    pid: host
    volumes:
      - /proc:/host/proc:ro
      - /sys:/host/sys:ro
      - /:/rootfs:ro
    command:
      - "--path.procfs=/host/proc"
      - "--path.sysfs=/host/sys"
      - "--path.rootfs=/rootfs"

  alloy:
    image: grafana/alloy:latest
    network_mode: host
    restart: unless-stopped
    volumes:
      - /opt/app/config.alloy:/etc/alloy/config.alloy:ro
      - /var/run/docker.sock:/var/run/docker.sock:ro
      - /var/log:/var/log:ro
    command:
      - run
      - /etc/alloy/config.alloy
COMPOSE

# --- 6. Registry ---
gcloud auth configure-docker asia-northeast3-docker.pkg.dev --quiet
# --- 7. Start ---
cd /opt/app
docker compose up -d
