#!/bin/sh
# The two steps of the image's build, for the Dockerfile and for whoever wants to see them without one:
#   build.sh dependencies        compiles what is not ours, over the skeleton
#   build.sh programs FOLDER     compiles ours, and puts the programs into FOLDER
set -eu
build() {
    cargo build --release --locked --bins -p api -p jobs -p migration -p admin-tui
}
case $1 in
dependencies)
    build
    # Cargo decides by the times of files. Those of the checkout may be older than the skeleton's.
    for crate in */Cargo.toml; do
        name=$(sed -n 's/^name = "\(.*\)"$/\1/p' "$crate" | head -n 1)
        rm -rf "${CARGO_TARGET_DIR:-target}/release/.fingerprint/$name"-*
    done
    ;;
programs)
    build
    mkdir -p "$2"
    for program in holdfast-api holdfast-jobs holdfast-migrate holdfast-admin; do
        cp "${CARGO_TARGET_DIR:-target}/release/$program" "$2/"
    done
    ;;
esac
