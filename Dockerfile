# The gateway's image. Only the gateway is built and copied: the imitated vendors never get in.
FROM debian:bookworm AS build
RUN apt-get update \
 && apt-get install --yes --no-install-recommends \
      cmake g++ ninja-build \
      libboost1.81-dev libboost-json1.81-dev libboost-url1.81-dev libcjose-dev libicu-dev libspdlog-dev \
      libsqlite3-dev libssl-dev libyaml-cpp-dev prometheus-cpp-dev zlib1g-dev \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
RUN cmake -S . -B /build -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_UNITY_BUILD=ON -DOFFBOARD_TESTS=OFF -DOFFBOARD_SANDBOX=OFF \
 && cmake --build /build --target offboard-gateway \
 && strip /build/offboard-gateway

FROM debian:bookworm-slim
RUN apt-get update \
 && apt-get install --yes --no-install-recommends \
      ca-certificates libboost-json1.81.0 libboost-url1.81.0 libcjose0 libfmt9 libicu72 libprometheus-cpp-core1.0 \
      libspdlog1.10 libsqlite3-0 libssl3 libyaml-cpp0.7 zlib1g \
 && rm -rf /var/lib/apt/lists/* \
 && install -d -o 10001 -g 10001 -m 0700 /var/lib/offboard
COPY --from=build /build/offboard-gateway /usr/local/bin/offboard-gateway

# By number, so that Kubernetes can tell that it is not root. Nothing writes outside /var/lib/offboard.
USER 10001:10001
EXPOSE 8080 9090
# The image has no HTTP client; bash can open a socket by itself. Needs the admin listener on port 9090.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
  CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/9090 && printf 'GET /livez HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3 && read -t 2 -r line <&3 && [[ $line == 'HTTP/1.1 200'* ]]"]
ENTRYPOINT ["offboard-gateway", "--config", "/etc/offboard/offboard.yaml"]
