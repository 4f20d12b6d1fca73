#!/bin/sh
# Named to jsii as its Node. jsii starts one Node to start another and to pass every message on between that and Python,
# which costs 50 MB and a tenth of a second. Started directly, the inner one has Python's pipes as descriptors 3 and 4.
program="${2%/bin/*}/lib/program.js"
[ -f "$program" ] || exec "$LAZY_PROVIDER_NODE" "$@"
export LAZY_PROVIDER_DIRECT=on
exec "$LAZY_PROVIDER_NODE" "$1" --preserve-symlinks "$program" 3<&0 4>&1 </dev/null >&2
