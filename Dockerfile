# One image for all programs: holdfast-api, holdfast-jobs, holdfast-migrate, holdfast-admin.
# It needs nothing from the network but the two base images and crates.io:
#   docker build --build-arg COMMIT=$(git rev-parse HEAD) -t holdfast .
# Where layers must not change under us, the bases are given by digest: --build-arg RUST=rust@sha256:... and so on.
ARG RUST=rust:1.95-slim-bookworm
ARG RUNTIME=gcr.io/distroless/cc-debian12:nonroot

# The manifests without the sources. Its result changes only when a dependency does, and so the layer
# that compiles the dependencies is taken from the cache in all other builds.
FROM ${RUST} AS skeleton
WORKDIR /src
COPY . .
RUN ["sh", "infra/image/skeleton.sh", "/skeleton"]

FROM ${RUST} AS build
WORKDIR /src
ENV CARGO_TERM_COLOR=never \
    CARGO_INCREMENTAL=0 \
    # Line numbers of our own panics are in their texts; the rest of the debug information is most of the size.
    CARGO_PROFILE_RELEASE_STRIP=debuginfo
COPY --from=skeleton /skeleton .
RUN ["sh", "infra/image/build.sh", "dependencies"]
COPY . .
RUN ["sh", "infra/image/build.sh", "programs", "/out"]

# No shell and no package manager: glibc, root certificates and time zones.
FROM ${RUNTIME} AS runtime
ARG COMMIT=unknown
LABEL org.opencontainers.image.title="holdfast" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.revision="${COMMIT}"
COPY --from=build /out/ /usr/local/bin/
# Aurora's certificates are signed by roots that no system has. DATABASE_SSLROOTCERT names this file.
COPY infra/image/rds-ca.pem /etc/holdfast/rds-ca.pem
# Inside a container 127.0.0.1 is reached by nobody. Who may reach these is said outside: by security groups, by `ports`.
ENV HOLDFAST_API_ADDR=0.0.0.0:8080 \
    HOLDFAST_ADMIN_ADDR=0.0.0.0:8081 \
    HOLDFAST_LOG_FORMAT=json
USER 10001:10001
EXPOSE 8080 8081
# Of the API. The other programs are looked at in another way, see compose.yaml and the task definitions. It asks whether
# the process answers, not whether the database does: an outage of the database must not restart every process.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 CMD ["holdfast-api", "health", "live"]
CMD ["holdfast-api"]
