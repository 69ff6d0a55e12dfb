/*
 * Rows as JSON Schema (draft 7), for editors. It says what one key alone can say: a value that only
 * together with another is wrong, sizes out of their range and the like are left to `stead check`.
 */
#ifndef STEAD_SCHEMA_JSON_H
#define STEAD_SCHEMA_JSON_H

#include <jansson.h>

#include "schema/schema.h"

/* The schema of a map with these rows. The caller releases it. Ends the process when there is no
 * memory. */
json_t *schema_json(const struct schema_row *rows);

#endif
