/*
 * Typed values on their way into a configuration file, and one writer per syntax. Private to node/.
 */
#ifndef STEAD_NODE_VALUE_H
#define STEAD_NODE_VALUE_H

#include "base/text.h"
#include "node/build.h"

enum config_kind {
	CONFIG_NULL,
	CONFIG_TRUTH,  /* text is "true" or "false" */
	CONFIG_NUMBER, /* text is a number by JSON's grammar */
	CONFIG_TEXT,
	CONFIG_LIST,
	CONFIG_MAP,
};

struct config_value {
	enum config_kind kind;
	const char *key; /* in a map */
	const char *text;
	bool secret;
	struct span at;
	struct {
		LIST_OF(struct config_value *);
	} items;
};

/* The values below a tree, references replaced; maps drop keys whose value is an unset reference.
 * LINE_BREAKS false: a text with one is a finding config.value. NULL after findings. */
struct config_value *config_read(struct build *b, const struct yaml_node *node, bool line_breaks);

/* Puts ITEM into MAP; maps of the same key go into each other, all else is replaced. */
void config_put(struct build *b, struct config_value *map, struct config_value *item);

/* The map below KEY of MAP, made when there is none. */
struct config_value *config_need_map(struct build *b, struct config_value *map, const char *key,
                                     struct span at);

/* A value of the user's; NULL when none was written. */
struct config_value *config_from_slot(struct build *b, const struct own_slot *slot);

bool config_has_secret(const struct config_value *value);

/* A place that a syntax cannot express is a finding config.value. */
struct config_writer {
	struct build *build;
	struct text *text;
	const char *name; /* of the file, for findings */
	bool failed;
};

void config_refuse(struct config_writer *w, const struct config_value *value, const char *why);

/* Each writes a whole file from a map. All but env and ini can hold any text. */
void config_write_env(struct config_writer *w, const struct config_value *root);
void config_write_env_js(struct config_writer *w, const struct config_value *root);
void config_write_ini(struct config_writer *w, const struct config_value *root);
void config_write_json(struct config_writer *w, const struct config_value *root);
void config_write_text(struct config_writer *w, const struct config_value *root);
void config_write_toml(struct config_writer *w, const struct config_value *root);
void config_write_yaml(struct config_writer *w, const struct config_value *root);

/* One line, keys sorted by their bytes: the same text for the same values. */
void config_write_canonical_json(struct text *text, const struct config_value *value);

/* A JSON string. It is also a double-quoted scalar of YAML and, because only \b \t \n \f \r \"
 * \\ and \uXXXX are used, a basic string of TOML. */
void config_quote(struct text *text, const char *s);

#endif
