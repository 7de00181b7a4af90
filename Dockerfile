# The AI server. Builds to the same digest from the same sources (ci/steps/image.py says how far that holds).

FROM python:3.10-slim AS builder
COPY --from=ghcr.io/astral-sh/uv:0.13.9 /uv /usr/local/bin/uv
WORKDIR /app
ENV UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never
# Bytecode is compiled here, because the image's user may not write it: without time stamps, in one process and with one
# hash seed, because its bytes depend on both. uv compiles in several processes.
ENV PYTHONHASHSEED=0
COPY pyproject.toml uv.lock ./
RUN --mount=type=cache,target=/root/.cache/uv uv sync --frozen --no-dev --no-install-project \
    && python -m compileall -q --invalidation-mode unchecked-hash .venv
COPY app/ ./app/
# Two trees, as the image will have them: what uv.lock decides, and what is the app's. With the time of no moment in them,
# not even in the folders above, each becomes the same layer in every build.
ARG SOURCE_DATE_EPOCH=315532800
RUN python -m compileall -q --invalidation-mode unchecked-hash app \
    && mkdir -p /image/dependencies/app /image/source/app \
    && mv .venv /image/dependencies/app/ && mv app pyproject.toml /image/source/app/ \
    && chmod -R u=rwX,go=rX /image \
    && find /image -exec touch --no-dereference --date "@$SOURCE_DATE_EPOCH" {} +

FROM python:3.10-slim
ARG SOURCE_DATE_EPOCH=315532800
RUN touch /dev/shm/before \
    && groupadd -r appuser && useradd -r -g appuser appuser \
    && mkdir -p /var/log/dojangkok/prod \
    && chown -R appuser:appuser /var/log/dojangkok \
    && find / -xdev -newer /dev/shm/before -exec touch --no-dereference --date "@$SOURCE_DATE_EPOCH" {} +
COPY --from=builder /image/dependencies/ /
COPY --from=builder /image/source/ /
WORKDIR /app
ENV PATH="/app/.venv/bin:$PATH" PYTHONUNBUFFERED=1 APP_ENV=prod
# By name, as the design document has it: what runs the image is Docker, which looks the name up in the image itself.
# hadolint ignore=DL3066
USER appuser
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/livez', timeout=2)"]
CMD ["python", "-m", "app"]
