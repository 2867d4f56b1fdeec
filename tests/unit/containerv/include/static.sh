#!/bin/bash
# What is said to be linked statically needs no other file to start.
#
# usage: static.sh PROGRAM...
set -euo pipefail

for program; do
    headers=$(readelf -lW "$program")
    [[ $headers == *LOAD* && $headers != *INTERP* && $headers != *DYNAMIC* ]] || { echo "$program: is not linked statically" >&2; exit 1; }
done
