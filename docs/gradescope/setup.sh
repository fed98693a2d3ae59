#!/usr/bin/env bash
# Gradescope runs this once as root, when it builds the autograder's image.
set -euo pipefail

export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y --no-install-recommends gcc libc6-dev mariadb-server bubblewrap
if ! command -v cargo >/dev/null; then
    if ! apt-get install -y --no-install-recommends rustup; then
        echo "error: this image's packages have no rustup" >&2
        echo "help: choose a base image of Ubuntu 24.04 or later in Gradescope, or install Rust 1.95 in this script" >&2
        exit 1
    fi
    rustup toolchain install 1.95 --profile minimal
    rustup default 1.95
fi

# Compiles the checks now, so that each submission waits only for its own code.
cd /autograder/source
cargo build --bin checker
target/debug/checker check >/dev/null || echo "warning: the reference solutions do not pass here; run target/debug/checker check"
