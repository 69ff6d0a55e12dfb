#!/usr/bin/env bash
# As apply-killed.sh, for a change that is returned; and killed twice.
# Hundreds of starts: the plain program, which the sanitizers do not slow down (apply.sh has them).
STEAD_NODE_FAIL=${STEAD_NODE_FAIL:-${STEAD_TOP:-$(dirname "$0")/../..}/build/tests/agent/stead-node-fail}
. "$(dirname "$0")/apply-lib.sh"

make_templates >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
tap "a change that is returned, killed at each point, then resume" killed old sick resume old
tap "a change that is returned, killed, then apply" killed old sick apply old "$step"
tap "killed, and killed again" killed_twice old all $([ -n "${STEAD_SOAK:-}" ] && echo 3 || echo 23)
sed 's/^/# /' "$work/points"
tap_end
