# One image per part: docker build --target job_service -t genwatch/job_service .
FROM debian:12-slim AS build
ENV DEBIAN_FRONTEND=noninteractive
RUN apt-get update && apt-get install -y --no-install-recommends \
      ca-certificates cmake g++ libabsl-dev libcurl4-openssl-dev libgrpc++-dev libhiredis-dev \
      libmariadb-dev libprotobuf-dev libsimdjson-dev libspdlog-dev ninja-build pkg-config \
      prometheus-cpp-dev protobuf-compiler protobuf-compiler-grpc \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY CMakeLists.txt CMakePresets.json ./
COPY cmake cmake
COPY protos protos
COPY common common
COPY job_service job_service
COPY generation_service generation_service
COPY progress_service progress_service
RUN cmake -S . -B /build -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DGENWATCH_TESTS=OFF \
    && cmake --build /build \
    && mkdir /out \
    && cp /build/job_service/job_service /build/generation_service/generation_service \
          /build/progress_service/progress_service /out/

FROM debian:12-slim AS runtime
ENV DEBIAN_FRONTEND=noninteractive
RUN apt-get update && apt-get install -y --no-install-recommends \
      ca-certificates libcurl4 libgrpc++1.51 libhiredis0.14 libmariadb3 libprotobuf32 \
      libprometheus-cpp-pull1.0 libsimdjson14 libspdlog1.10 \
    && rm -rf /var/lib/apt/lists/*
USER 65532:65532

FROM runtime AS job_service
COPY --from=build /out/job_service /usr/local/bin/
ENTRYPOINT ["job_service"]

FROM runtime AS generation_service
COPY --from=build /out/generation_service /usr/local/bin/
ENTRYPOINT ["generation_service"]

FROM runtime AS progress_service
COPY --from=build /out/progress_service /usr/local/bin/
ENTRYPOINT ["progress_service"]

FROM node:22-bookworm-slim AS web
WORKDIR /src/http_bridge/web
COPY http_bridge/web/package.json http_bridge/web/package-lock.json http_bridge/web/.npmrc ./
COPY http_bridge/web/packages/client/package.json packages/client/
COPY http_bridge/web/packages/vue/package.json packages/vue/
RUN npm ci
COPY http_bridge/web ./
RUN npm run build

FROM golang:1.25-bookworm AS bridge_build
RUN apt-get update && apt-get install -y --no-install-recommends libprotobuf-dev protobuf-compiler \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY scripts scripts
COPY protos protos
COPY http_bridge http_bridge
COPY --from=web /src/http_bridge/web/dist http_bridge/web/dist
RUN scripts/tools.sh protoc-gen-go protoc-gen-go-grpc protoc-gen-grpc-gateway protoc-gen-openapiv2 \
    && scripts/generate_go.sh \
    && cd http_bridge && CGO_ENABLED=0 go build -trimpath -o /out/http_bridge ./cmd/http_bridge \
    && CGO_ENABLED=0 go build -modfile=tools.mod -trimpath -tags mysql -o /out/migrate \
         github.com/golang-migrate/migrate/v4/cmd/migrate

FROM debian:12-slim AS http_bridge
USER 65532:65532
COPY --from=bridge_build /out/http_bridge /usr/local/bin/
ENTRYPOINT ["/usr/local/bin/http_bridge"]

FROM debian:12-slim AS migrate
USER 65532:65532
COPY --from=bridge_build /out/migrate /usr/local/bin/
COPY job_service/migrations /migrations
ENTRYPOINT ["/usr/local/bin/migrate"]
