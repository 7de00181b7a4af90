#!/bin/bash
set -euo pipefail

# --- AI server: compose stack, registry login, start ---
mkdir -p /opt/app

cat > /opt/app/docker-compose.yml <<'COMPOSE'
services:
  ai-server:
    image: asia-northeast3-docker.pkg.dev/dojangkok-dev/dojangkok-ai/ai-server:latest
    network_mode: host
    restart: unless-stopped
    environment:
      APP_ENV: "dev"
      VLLM_BASE_URL: "http://10.20.0.11:8001/v1"
      VLLM_API_KEY: "not-a-real-key"
      VLLM_MODEL: "example/model-2.4b"
      VLLM_LORA_ADAPTER_CHECKLIST: "checklist"
      VLLM_LORA_ADAPTER_EASYCONTRACT: "easycontract"
      OCR_API: "pa$$word"
      BACKEND_CALLBACK_BASE_URL: "https://backend.example/api"
      BACKEND_INTERNAL_TOKEN: ""
      HTTP_TIMEOUT_SEC: "30"
      CHROMADB_URL: "http://10.20.0.12:8100"

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

  promtail:
    image: grafana/promtail:3.4.2
    network_mode: host
    restart: unless-stopped
    volumes:
      - /var/log:/var/log:ro
      - /tmp/promtail-config.yml:/etc/promtail/config.yml:ro
COMPOSE

gcloud auth configure-docker asia-northeast3-docker.pkg.dev --quiet

cd /opt/app
# every boot
docker compose up -d
