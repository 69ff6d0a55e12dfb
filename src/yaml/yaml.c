#include "yaml/yaml.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include <yaml.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/list.h"
#include "base/text.h"
#include "yaml/names.h"
#include "yaml/scan.h"

struct reader {
	struct arena *arena;
	const struct source *source;
	struct findings *findings;
	struct scan_lines lines;
	yaml_parser_t parser;
	struct names anchors; /* -> struct built */
	size_t nodes;         /* so far, aliases counted with all that they stand for */
};

/* A node with what the budgets need to know when an alias repeats it. */
struct built {
	struct yaml_node *node;
	size_t nodes;    /* in all, itself included */
	unsigned height; /* levels below it */
};

static bool read_node(struct reader *reader, yaml_event_t *event, unsigned depth,
                      struct built *ret);

static struct span whole_file(const struct source *source)
{
	return (struct span){ source, 0, 0, 0 };
}

static const char *line_end(const struct reader *reader, size_t line)
{
	const char *data = reader->source->data;
	const char *start = data + reader->lines.starts[line];
	const char *end = line + 1 < reader->lines.count ? data + reader->lines.starts[line + 1] - 1
	                                                 : data + reader->source->len;

	while (end > start && (end[-1] == '\r' || end[-1] == ' ' || end[-1] == '\t'))
		end--;
	return end;
}

/* libyaml counts from 0. What goes on in the next line is cut at the end of its first. */
static struct span make_span(const struct reader *reader, const yaml_mark_t *from,
                             const yaml_mark_t *to)
{
	struct span span = {
		.source = reader->source,
		.line = (uint32_t)from->line + 1,
		.col = (uint32_t)from->column + 1,
		.end_col = (uint32_t)to->column + 1,
	};
	const char *s, *end;

	if (to->line == from->line || from->line >= reader->lines.count)
		return span;
	span.end_col = 1;
	end = line_end(reader, from->line);
	for (s = reader->source->data + reader->lines.starts[from->line]; s < end; s++)
		span.end_col += (*s & 0xc0) != 0x80;
	if (span.end_col < span.col)
		span.end_col = span.col;
	return span;
}

static struct span event_span(const struct reader *reader, const yaml_event_t *event)
{
	return make_span(reader, &event->start_mark, &event->end_mark);
}

/* -- what libyaml complains about -- */

/* The tab in the indentation of a line, or NULL. */
static const char *find_tab(const struct reader *reader, size_t line)
{
	const char *s, *end;

	if (line >= reader->lines.count)
		return NULL;
	end = reader->source->data + reader->source->len;
	for (s = reader->source->data + reader->lines.starts[line]; s < end && *s == ' '; s++)
		continue;
	return s < end && *s == '\t' ? s : NULL;
}

static bool explain_tab(struct reader *reader, size_t line)
{
	const char *tab = find_tab(reader, line);
	uint32_t col;

	if (tab == NULL)
		return false;
	col = (uint32_t)(tab - reader->source->data) - reader->lines.starts[line] + 1;
	diag_error(reader->findings, "yaml.tab",
	           (struct span){ reader->source, (uint32_t)line + 1, col, col + 1 },
	           "indent with blanks", "YAML does not allow tabs in the indentation");
	return true;
}

struct explanation {
	const char *problem; /* libyaml's text begins with this */
	const char *message; /* NULL: libyaml's own */
	const char *hint;
	bool at_context; /* the place is where the construct began */
};

static const struct explanation explanations[] = {
	{ "mapping values are not allowed in this context", "a key is not allowed here",
	  "put a value that contains ': ' in quotes, or check the indentation", false },
	{ "did not find expected key", NULL,
	  "keys of one map begin in the same column; text with ':' or '#' needs quotes", false },
	{ "could not find expected ':'", "there is no ':' after this key",
	  "write 'key: value', with a blank behind the colon", true },
	{ "found character that cannot start any token", "a value cannot begin with this character",
	  "put the value in quotes", false },
	{ "found unexpected end of stream", "the quote that begins here is never closed", NULL,
	  true },
	{ "found unexpected document indicator", "the quote that begins here is never closed", NULL,
	  true },
	{ "found unknown escape character", NULL,
	  "in double quotes a backslash is written twice; in single quotes it is plain text",
	  false },
	{ "did not find expected ',' or '}'", "the '{' that begins here is never closed",
	  "entries are separated by ',' and closed by '}'", true },
	{ "did not find expected ',' or ']'", "the '[' that begins here is never closed",
	  "entries are separated by ',' and closed by ']'", true },
	{ "did not find expected '-' indicator", NULL,
	  "entries of one list begin with '- ' in the same column", false },
	{ "block sequence entries are not allowed in this context", "a list cannot begin here",
	  "begin the list on a line of its own", false },
	{ "found undefined tag handle", "tags are not supported", "remove the tag", true },
};

static void explain_error(struct reader *reader)
{
	const yaml_parser_t *parser = &reader->parser;
	const yaml_mark_t *mark = &parser->problem_mark;
	const char *problem = parser->problem != NULL ? parser->problem : "this is not YAML";
	const struct explanation *found = NULL;
	struct span span;

	if (explain_tab(reader, mark->line))
		return;
	if (parser->context != NULL && explain_tab(reader, parser->context_mark.line))
		return;
	for (size_t i = 0; i < sizeof(explanations) / sizeof(explanations[0]); i++)
		if (found == NULL && str_starts(problem, explanations[i].problem))
			found = &explanations[i];
	if (found != NULL && found->at_context && parser->context != NULL)
		mark = &parser->context_mark;
	span = make_span(reader, mark, mark);
	span.end_col = span.col + 1;
	if (found != NULL && found->message != NULL)
		diag_error(reader->findings, "yaml.syntax", span, found->hint, "%s",
		           found->message);
	else
		diag_error(reader->findings, "yaml.syntax", span,
		           found != NULL ? found->hint : NULL, "%s%s%s", problem,
		           parser->context != NULL ? " " : "",
		           parser->context != NULL ? parser->context : "");
}

static bool next_event(struct reader *reader, yaml_event_t *event)
{
	if (yaml_parser_parse(&reader->parser, event))
		return true;
	explain_error(reader);
	return false;
}

/* -- budgets -- */

static bool check_depth(struct reader *reader, unsigned depth, struct span span)
{
	if (depth <= YAML_MAX_DEPTH)
		return true;
	diag_error(reader->findings, "yaml.depth", span, NULL,
	           "maps and lists are nested more than %d deep", YAML_MAX_DEPTH);
	return false;
}

static bool spend_nodes(struct reader *reader, size_t nodes, struct span span)
{
	reader->nodes += nodes;
	if (reader->nodes <= YAML_MAX_NODES)
		return true;
	diag_error(reader->findings, "yaml.nodes", span, NULL,
	           "the document has more than %d values%s", YAML_MAX_NODES,
	           nodes > 1 ? " once its aliases are expanded" : "");
	return false;
}

/* -- building -- */

static struct yaml_node *new_node(struct reader *reader, enum yaml_kind kind, struct span span)
{
	struct yaml_node *node = arena_alloc(reader->arena, sizeof(*node));

	node->kind = kind;
	node->span = span;
	node->text = "";
	return node;
}

static enum yaml_style style_of(yaml_scalar_style_t style)
{
	switch (style) {
	case YAML_SINGLE_QUOTED_SCALAR_STYLE:
		return YAML_SINGLE;
	case YAML_DOUBLE_QUOTED_SCALAR_STYLE:
		return YAML_DOUBLE;
	case YAML_LITERAL_SCALAR_STYLE:
		return YAML_LITERAL;
	case YAML_FOLDED_SCALAR_STYLE:
		return YAML_FOLDED;
	default:
		return YAML_PLAIN;
	}
}

static void check_tag(struct reader *reader, const yaml_char_t *tag, struct span span)
{
	if (tag == NULL)
		return;
	diag_error(reader->findings, "yaml.tag", span,
	           "remove the tag; what is text or a number is known from the key",
	           "tags like '!!str' are not supported");
}

static void read_scalar(struct reader *reader, const yaml_event_t *event, struct built *ret)
{
	struct span span = event_span(reader, event);
	size_t len = event->data.scalar.length;
	const char *text = (const char *)event->data.scalar.value;

	check_tag(reader, event->data.scalar.tag, span);
	ret->node = new_node(reader, YAML_SCALAR, span);
	ret->node->style = style_of(event->data.scalar.style);
	if (memchr(text, '\0', len) != NULL) {
		diag_error(reader->findings, "yaml.control", span, NULL,
		           "a NUL character is not allowed, not even as an escape");
		len = strlen(text);
	}
	ret->node->text = arena_strndup(reader->arena, text, len);
	ret->node->len = len;
}

static void read_alias(struct reader *reader, const yaml_event_t *event, struct built *ret)
{
	const char *name = (const char *)event->data.alias.anchor;
	struct span span = event_span(reader, event);
	const struct built *target =
		*names_place(&reader->anchors, reader->arena, arena_strdup(reader->arena, name));

	if (target != NULL) {
		*ret = *target;
		return;
	}
	/* An unquoted password that begins with '*' is an alias, too. */
	if (reader->source->secret)
		name = "(not shown)";
	diag_error(reader->findings, "yaml.alias", span, "text that begins with '*' needs quotes",
	           "alias '*%s' has no anchor '&%s' before it", name, name);
	ret->node = new_node(reader, YAML_SCALAR, span);
}

/* An anchor is known only behind its node, so nothing can contain itself. */
static void remember_anchor(struct reader *reader, const char *name, const struct built *built)
{
	if (name != NULL)
		*names_place(&reader->anchors, reader->arena, name) =
			arena_memdup(reader->arena, built, sizeof(*built));
}

static void add_child(struct built *parent, const struct built *child)
{
	parent->nodes += child->nodes;
	if (child->height + 1 > parent->height)
		parent->height = child->height + 1;
}

/* Reads to the SEQUENCE-END whose start was EVENT. */
static bool read_list(struct reader *reader, yaml_mark_t start, unsigned depth, struct built *ret)
{
	struct {
		LIST_OF(const struct yaml_node *);
	} items = { 0 };
	struct yaml_node *node = ret->node;
	yaml_event_t event;

	for (;;) {
		struct built item = { .nodes = 1 };
		bool ok;

		if (!next_event(reader, &event))
			return false;
		if (event.type == YAML_SEQUENCE_END_EVENT)
			break;
		ok = read_node(reader, &event, depth + 1, &item);
		yaml_event_delete(&event);
		if (!ok)
			return false;
		*list_add(reader->arena, &items) = item.node;
		add_child(ret, &item);
	}
	node->span = make_span(reader, &start, &event.end_mark);
	node->items = items.items;
	node->count = items.count;
	yaml_event_delete(&event);
	return true;
}

/* A finding says what is wrong with the key; false means that its pair is left out. */
static bool check_key(struct reader *reader, const struct yaml_node *key, struct names *seen)
{
	void **first;

	if (key->kind != YAML_SCALAR) {
		diag_error(reader->findings, "yaml.key", key->span, NULL,
		           "a key must be text, not a map or a list");
		return false;
	}
	if (key->style == YAML_PLAIN && key->len == 0) {
		diag_error(reader->findings, "yaml.key", key->span, NULL,
		           "there is no key before the ':'");
		return false;
	}
	if (key->style == YAML_PLAIN && str_equal(key->text, "<<")) {
		diag_error(reader->findings, "yaml.merge", key->span,
		           "write the keys out where they are needed",
		           "merge keys '<<' are not supported");
		return false;
	}
	first = names_place(seen, reader->arena, key->text);
	if (*first != NULL) {
		const struct yaml_node *other = *first;

		diag_error(reader->findings, "yaml.duplicate", key->span, "remove one of the two",
		           "key '%s' is written twice, first in line %u",
		           reader->source->secret ? "(not shown)" : key->text, other->span.line);
		return false;
	}
	*first = (void *)(uintptr_t)key;
	return true;
}

static bool read_pair(struct reader *reader, yaml_event_t *key_event, unsigned depth,
                      struct built *ret_key, struct built *ret_value)
{
	yaml_event_t event;
	bool ok;

	if (!read_node(reader, key_event, depth, ret_key) || !next_event(reader, &event))
		return false;
	ok = read_node(reader, &event, depth, ret_value);
	yaml_event_delete(&event);
	return ok;
}

static bool read_map(struct reader *reader, yaml_mark_t start, unsigned depth, struct built *ret)
{
	struct {
		LIST_OF(struct yaml_pair);
	} pairs = { 0 };
	struct yaml_node *node = ret->node;
	struct names seen = { 0 };
	yaml_event_t event;

	for (;;) {
		struct built key = { .nodes = 1 }, value = { .nodes = 1 };
		bool ok;

		if (!next_event(reader, &event))
			return false;
		if (event.type == YAML_MAPPING_END_EVENT)
			break;
		ok = read_pair(reader, &event, depth + 1, &key, &value);
		yaml_event_delete(&event);
		if (!ok)
			return false;
		add_child(ret, &key);
		add_child(ret, &value);
		if (check_key(reader, key.node, &seen))
			*list_add(reader->arena, &pairs) =
				(struct yaml_pair){ key.node, value.node };
	}
	node->span = make_span(reader, &start, &event.end_mark);
	node->pairs = pairs.items;
	node->count = pairs.count;
	yaml_event_delete(&event);
	return true;
}

/* EVENT starts the node; the caller deletes it. False: a limit or the syntax ended the reading. */
static bool read_node(struct reader *reader, yaml_event_t *event, unsigned depth, struct built *ret)
{
	struct span span = event_span(reader, event);
	const char *anchor = NULL;
	bool ok = true;

	*ret = (struct built){ .nodes = 1 };
	switch (event->type) {
	case YAML_ALIAS_EVENT:
		read_alias(reader, event, ret);
		return spend_nodes(reader, ret->nodes, span) &&
		       check_depth(reader, depth + ret->height, span);
	case YAML_SCALAR_EVENT:
		anchor = (const char *)event->data.scalar.anchor;
		read_scalar(reader, event, ret);
		ok = spend_nodes(reader, 1, span);
		break;
	case YAML_SEQUENCE_START_EVENT:
		anchor = (const char *)event->data.sequence_start.anchor;
		check_tag(reader, event->data.sequence_start.tag, span);
		ret->node = new_node(reader, YAML_LIST, span);
		ok = spend_nodes(reader, 1, span) && check_depth(reader, depth + 1, span) &&
		     read_list(reader, event->start_mark, depth, ret);
		break;
	case YAML_MAPPING_START_EVENT:
		anchor = (const char *)event->data.mapping_start.anchor;
		check_tag(reader, event->data.mapping_start.tag, span);
		ret->node = new_node(reader, YAML_MAP, span);
		ok = spend_nodes(reader, 1, span) && check_depth(reader, depth + 1, span) &&
		     read_map(reader, event->start_mark, depth, ret);
		break;
	default:
		return false; /* libyaml's grammar lets no other event start a node */
	}
	if (ok && anchor != NULL)
		remember_anchor(reader, arena_strdup(reader->arena, anchor), ret);
	return ok;
}

static const struct yaml_node *report_empty(struct reader *reader)
{
	diag_error(reader->findings, "yaml.empty", whole_file(reader->source), NULL,
	           "there is nothing in the file");
	return NULL;
}

/* STREAM-START, one document, STREAM-END. */
static const struct yaml_node *read_stream(struct reader *reader)
{
	struct built root = { 0 };
	yaml_event_t event;
	bool ok;

	for (;;) {
		yaml_event_type_t type;

		if (!next_event(reader, &event))
			return NULL;
		type = event.type;
		if (type == YAML_STREAM_START_EVENT || type == YAML_DOCUMENT_START_EVENT) {
			yaml_event_delete(&event);
			continue;
		}
		if (type == YAML_STREAM_END_EVENT) {
			yaml_event_delete(&event);
			return report_empty(reader);
		}
		break;
	}
	ok = read_node(reader, &event, 0, &root);
	yaml_event_delete(&event);
	if (!ok || !next_event(reader, &event))
		return NULL;
	yaml_event_delete(&event); /* DOCUMENT-END */
	if (!next_event(reader, &event))
		return NULL;
	if (event.type != YAML_STREAM_END_EVENT)
		diag_error(reader->findings, "yaml.documents", event_span(reader, &event),
		           "keep one document; nothing may follow a second '---'",
		           "the file holds several documents");
	yaml_event_delete(&event);
	return yaml_is_null(root.node) ? report_empty(reader) : root.node;
}

const struct yaml_node *yaml_parse(struct arena *arena, const struct source *source,
                                   struct findings *findings)
{
	struct reader reader = { .arena = arena, .source = source, .findings = findings };
	size_t errors = findings->errors;
	const struct yaml_node *root;

	if (!scan_text(arena, source, &reader.lines, findings))
		return NULL;
	if (!yaml_parser_initialize(&reader.parser)) {
		diag_error(findings, "yaml.memory", whole_file(source), NULL, "out of memory");
		return NULL;
	}
	yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
	/* With the encoding given, libyaml would take a byte order mark for text. */
	yaml_parser_set_input_string(&reader.parser,
	                             (const unsigned char *)source->data + reader.lines.starts[0],
	                             source->len - reader.lines.starts[0]);
	root = read_stream(&reader);
	yaml_parser_delete(&reader.parser);
	return findings->errors == errors ? root : NULL;
}

const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
	if (map == NULL || map->kind != YAML_MAP)
		return NULL;
	for (size_t i = 0; i < map->count; i++)
		if (str_equal(map->pairs[i].key->text, key))
			return map->pairs[i].value;
	return NULL;
}

bool yaml_is_null(const struct yaml_node *node)
{
	return node->kind == YAML_SCALAR && node->style == YAML_PLAIN &&
	       (node->len == 0 || str_equal(node->text, "null") || str_equal(node->text, "~"));
}

bool yaml_read_source(struct arena *arena, const char *path, bool secret, struct source *ret_source,
                      struct findings *findings)
{
	struct source *source = arena_alloc(arena, sizeof(*source));
	char *data = NULL;
	size_t len = 0;
	struct stat st;
	int r;

	*source = (struct source){ arena_strdup(arena, path), "", 0, secret };
	/* A fifo would hold us until somebody writes to it, which may be never. */
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) {
		diag_error(findings, "yaml.unreadable", whole_file(source), NULL,
		           "cannot read the file: it is a device, a fifo or a socket");
		return false;
	}
	r = file_read(arena, AT_FDCWD, path, YAML_MAX_BYTES, &data, &len);
	if (r == -EFBIG) {
		diag_error(findings, "yaml.size", whole_file(source), NULL,
		           "the file is bigger than %d bytes", YAML_MAX_BYTES);
		return false;
	}
	if (r < 0) {
		diag_error(findings, r == -ENOENT ? "yaml.missing" : "yaml.unreadable",
		           whole_file(source), NULL, "cannot read the file: %s", strerror(-r));
		return false;
	}
	source->data = data;
	source->len = len;
	*ret_source = *source;
	return true;
}
