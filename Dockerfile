# The dashboard for everybody: docker build -t covey . && docker run --rm -p 7860:7860 -v "$PWD/birds:/data:ro" covey
# The same with torch, to run covey too:  docker build --target full -t covey-full .
FROM python:3.11-slim AS base
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp COVEY_HOME=/tmp/covey COVEY_DATASET=/data PORT=7860 \
    STREAMLIT_SERVER_HEADLESS=true
RUN useradd --uid 1000 --home-dir /tmp covey
WORKDIR /covey
COPY dashboard/requirements.lock dashboard/
RUN pip install --require-hashes -r dashboard/requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY core core
COPY plugins plugins
COPY dashboard dashboard
RUN pip install --no-deps .
EXPOSE 7860
HEALTHCHECK --start-period=60s CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f'http://localhost:{os.environ[\"PORT\"]}/_stcore/health')"]
CMD ["sh", "-c", "exec streamlit run dashboard/streamlit_app.py --server.port=$PORT --server.address=0.0.0.0"]

FROM base AS full
RUN pip install ".[all]"
USER 1000

FROM base AS dashboard
USER 1000
