# docker build -t sanitizer .
# docker run --rm sanitizer demo
# docker run --rm --gpus all -v "$PWD:/data" -v hf-cache:/home/sanitizer/.cache/huggingface sanitizer org/model
#
# torch's wheels for Linux bring their own CUDA libraries, so a slim image is enough: the host gives the driver, and
# without a GPU the same image computes on the CPU.
# By digest: 3.12.14 on Debian trixie, for all platforms, as the tag stood in September 2026. To move on:
# docker buildx imagetools inspect python:3.12-slim
FROM python:3.12-slim@sha256:78387bc3881b8273120a12ebe6c1ab22b018ccc2c9adf565ae1ac9b536e184ea

ARG TORCH=2.13.0

ENV PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PYTHONUNBUFFERED=1 \
    HF_HOME=/home/sanitizer/.cache/huggingface

# By itself and first: the largest layer, and the one that changes least.
RUN pip install "torch==${TORCH}"

COPY pyproject.toml README.md LICENSE /src/
COPY cards /src/cards
COPY sanitizer /src/sanitizer
RUN pip install "torch==${TORCH}" /src && rm -r /src

RUN useradd --create-home --uid 1000 sanitizer \
    && mkdir -p "$HF_HOME" /data \
    && chown -R sanitizer:sanitizer /home/sanitizer /data
USER 1000
WORKDIR /data
VOLUME ["/home/sanitizer/.cache/huggingface"]

HEALTHCHECK --interval=1m --timeout=20s CMD ["sanitize", "doctor"]
ENTRYPOINT ["sanitize"]
CMD ["--help"]
