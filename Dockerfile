# syntax=docker/dockerfile:1

# ---- builder: everything that is needed to compile, nothing of which is in the image ----
FROM rust:1.95-slim-bookworm AS builder
# The slim image has gcc and libc6-dev: all that aws-lc (TLS) and SQLite, both built from source, need. No cmake, no OpenSSL.
WORKDIR /source
COPY . .
# The caches hold the crates and everything compiled, so that a change compiles only what it touches. They are no layer of the
# image, so the binary is taken out of them in the same step. A cache may be newer than a file of an older checkout, and cargo
# goes by times: touching the roots of our own crates has them compiled anew.
RUN --mount=type=cache,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,target=/source/target,sharing=locked \
    touch src/lib.rs src/main.rs warmup/src/lib.rs \
    && cargo build --release --locked --bin monitor \
    && install -D target/release/monitor /out/monitor

# ---- the image: the binary, and the certificates it trusts ----
FROM debian:bookworm-slim
# ca-certificates: AWS, Slack and mail servers are verified against the system's roots (rustls-native-certs); none are compiled in.
# tzdata is not needed: the time zones are compiled in (chrono-tz). Versions are not pinned, since roots must be today's.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/*
# A fixed number, so that a mounted folder can be given to it: chown 10001:10001.
RUN useradd --system --uid 10001 --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin monitor \
    && install -d -o monitor -g monitor -m 0700 /var/lib/monitor \
    && install -d /etc/monitor
COPY --from=builder /out/monitor /usr/local/bin/monitor

# The store is /var/lib/monitor/monitor.db unless the configuration says otherwise; the configuration is mounted at
# /etc/monitor/alerts.toml, the last of the places that are searched.
ENV STATE_DIRECTORY=/var/lib/monitor
USER 10001:10001
WORKDIR /var/lib/monitor
# After the folder has its owner: what is done to a volume later is lost.
VOLUME ["/var/lib/monitor"]

# Whether a daemon holds the store and its loop has turned in the last five minutes. It reads the
# configuration to know where the store is, and needs no secret.
HEALTHCHECK --interval=1m --timeout=10s --start-period=30s --retries=3 CMD ["monitor", "status", "--health"]
# The daemon lets what is under way end, for at most eight seconds; `docker stop` waits ten.
STOPSIGNAL SIGTERM
ENTRYPOINT ["monitor"]
CMD ["run"]
