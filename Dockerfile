# The AI server. Builds to the same digest from the same sources (ci/steps/image.py says how far that holds).

FROM python:3.10-slim AS builder
COPY --from=ghcr.io/astral-sh/uv:0.9.11 /uv /usr/local/bin/uv
WORKDIR /app
# Bytecode without time stamps: equal in every build, and never recompiled by a user who may not write it.
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never PYC_INVALIDATION_MODE=UNCHECKED_HASH
COPY pyproject.toml uv.lock ./
RUN --mount=type=cache,target=/root/.cache/uv uv sync --frozen --no-dev --no-install-project
COPY app/ ./app/
ARG SOURCE_DATE_EPOCH=315532800
RUN python -m compileall -q --invalidation-mode unchecked-hash app \
    && chmod -R u=rwX,go=rX /app \
    && find /app -exec touch --no-dereference --date "@$SOURCE_DATE_EPOCH" {} +

FROM python:3.10-slim
ARG SOURCE_DATE_EPOCH=315532800
RUN touch /dev/shm/before \
    && groupadd -r appuser && useradd -r -g appuser appuser \
    && mkdir -p /app /var/log/dojangkok/prod \
    && chown -R appuser:appuser /var/log/dojangkok \
    && find / -xdev -newer /dev/shm/before -exec touch --no-dereference --date "@$SOURCE_DATE_EPOCH" {} +
WORKDIR /app
COPY --from=builder /app/.venv /app/.venv
COPY --from=builder /app/app /app/app
COPY --from=builder /app/pyproject.toml /app/pyproject.toml
ENV PATH="/app/.venv/bin:$PATH" PYTHONUNBUFFERED=1 APP_ENV=prod
USER appuser
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/livez', timeout=2)"]
CMD ["python", "-m", "app"]
