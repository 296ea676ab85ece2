#!/bin/sh
# Draws the pictures of the console anew, from the recording that comes with it.
set -eu
cd "$(dirname "$0")/../.."
HOLDFAST_PICTURES=write cargo test -p admin-tui --test it pictures
