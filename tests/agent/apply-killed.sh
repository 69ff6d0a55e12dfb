#!/usr/bin/env bash
# The agent is killed right before and right after every sync, rename, link, unlink and program of a
# change, and then `resume`, or the next `apply`, finishes it: what lies on the disk and what runs is all
# of the old node or all of the new one.
# Hundreds of starts: the plain program, which the sanitizers do not slow down (apply.sh has them).
STEAD_NODE_FAIL=${STEAD_NODE_FAIL:-${STEAD_TOP:-$(dirname "$0")/../..}/build/tests/agent/stead-node-fail}
. "$(dirname "$0")/apply-lib.sh"

make_templates >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
tap "first plan, killed at each point, then resume" killed none old resume new
tap "all kinds at once, killed at each point, then resume" killed old all resume new
tap "first plan, killed, then apply" killed none old apply new "$step"
tap "all kinds at once, killed, then apply" killed old all apply new "$step"
sed 's/^/# /' "$work/points"
tap_end
