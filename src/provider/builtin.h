/*
 * providers/providers.yaml, built into the compiler (scripts/embed-file.py writes it).
 */
#ifndef STEAD_PROVIDER_BUILTIN_H
#define STEAD_PROVIDER_BUILTIN_H

#include <stddef.h>

extern const unsigned char
	provider_yaml[]; /* with a NUL behind it that the length does not count */
extern const size_t provider_yaml_len;

#endif
