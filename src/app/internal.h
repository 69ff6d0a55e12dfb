/*
 * What the files of app share: the checks of a definition by itself.
 */
#ifndef STEAD_APP_INTERNAL_H
#define STEAD_APP_INTERNAL_H

#include "app/app.h"

struct checker {
	struct arena *arena;
	struct findings *findings;
	const struct app *app;
};

/* Where a text goes; decides what it may refer to. */
enum place {
	PLACE_FILE, /* environment variables: secrets are fine */
	PLACE_TREE, /* typed values of a file: so are lists */
	PLACE_TEXT, /* a file that nothing is quoted in: a secret is all of it, or behind a filter
	             */
	PLACE_ARGV, /* arguments and standard input: everybody on the machine can see them */
	PLACE_STDIN,
	PLACE_MERGE,  /* like TREE, but it travels in the plan, where no secret may be */
	PLACE_PUBLIC, /* conditions, limits, names: only what is known without secrets */
};

/* Checks the references of a text. WHERE names it in messages. A text that is not set is fine. */
void check_references(struct checker *c, const struct value_text *text, enum place place,
                      const char *where);
void check_reference_list(struct checker *c, const struct value_list *list, enum place place,
                          const char *where);
/* All scalars of a tree, keys too. */
void check_reference_tree(struct checker *c, const struct yaml_node *node, enum place place,
                          const char *where);
/* "A == B" or "A != B" each, references with or without their braces; or "version >= 0.20" and the
 * like, with any of == != < <= > >=. */
void check_conditions(struct checker *c, const struct value_list *when);

/* Whether a secret of that name is the user's to give for what the settings name. */
bool is_service_secret(const char *name);

/* process.c: names and values of variables. */
void check_variables(struct checker *c, const struct value_pairs *env);

void check_processes(struct checker *c);
void check_jobs(struct checker *c);
void check_parts(struct checker *c);
void check_import(struct checker *c);

/* -- helpers -- */

void report(struct checker *c, const char *code, struct span at, const char *hint,
            const char *format, ...) __attribute__((format(printf, 5, 6)));

/* "did you mean 'x'?" out of the names of an array, or NULL. */
const char *hint_of_names(struct checker *c, const char *s, const struct schema_array *array,
                          size_t size);

const struct app_process *find_process(const struct app *app, const char *name);
const struct app_volume *find_volume(const struct app *app, const char *name);
const struct app_secret *find_secret(const struct app *app, const char *name);
const struct app_setting *find_setting(const struct app *app, const char *name);

/* NAME must be a process; reports and returns NULL when it is not. */
const struct app_process *need_process(struct checker *c, const struct value_text *name);

/* Compiles PATTERN and counts its groups; a pattern that could cost much is refused too. */
bool check_pattern(struct checker *c, const struct value_text *pattern, size_t *ret_groups);

/* "UID:GID", both from 1 to 65533. */
void check_user(struct checker *c, const struct value_text *user);

/* True when PATH is DIR or below it. */
bool path_below(const char *path, const char *dir);

/* A path of a URL: begins with '/', no blanks, no "..". */
bool check_url_path(struct checker *c, const struct value_text *path, const char *where);

bool holds_control(const char *s);

/* The keys a definition can never have: true when KEY is one, with what to use instead. */
bool never_key(const char *key, const char **ret_instead);

#endif
