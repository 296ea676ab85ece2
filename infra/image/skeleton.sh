#!/bin/sh
# Makes a workspace that has our manifests and no code: `skeleton.sh FOLDER`. To compile it is to compile the dependencies.
set -eu
to=$1
mkdir -p "$to/infra"
cp Cargo.toml Cargo.lock "$to/"
cp -R infra/image "$to/infra/"
for manifest in */Cargo.toml; do
    crate=${manifest%/Cargo.toml}
    mkdir -p "$to/$crate/src"
    cp "$manifest" "$to/$crate/"
    # Targets that the manifest may name; cargo refuses a manifest whose files are missing.
    [ ! -f "$crate/src/lib.rs" ] || : >"$to/$crate/src/lib.rs"
    [ ! -f "$crate/src/main.rs" ] || echo 'fn main() {}' >"$to/$crate/src/main.rs"
    for file in "$crate"/tests/it/main.rs "$crate"/benches/*.rs; do
        [ -f "$file" ] || continue
        mkdir -p "$to/$(dirname "$file")"
        echo 'fn main() {}' >"$to/$file"
    done
done
