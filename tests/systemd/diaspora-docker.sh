#!/usr/bin/env bash
# diaspora.sh with docker.
ENGINE=docker exec "$(dirname "$0")/diaspora.sh"
