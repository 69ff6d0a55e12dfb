#include "remote/json.h"

#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"

const char *remote_text(struct arena *arena, const json_t *value)
{
	const char *s = json_string_value(value);
	size_t len = s == NULL ? 0 : strlen(s);
	char *text;

	if (s == NULL)
		return NULL;
	if (len > REMOTE_TEXT_MAX)
		for (len = REMOTE_TEXT_MAX; len > 0 && ((unsigned char)s[len] & 0xc0) == 0x80;)
			len--;
	text = arena_strndup(arena, s, len);
	for (char *c = text; *c != '\0'; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = ' ';
		/* C1 controls, U+0080 to U+009F, are two bytes. */
		else if ((unsigned char)*c == 0xc2 && (unsigned char)c[1] >= 0x80 &&
		         (unsigned char)c[1] < 0xa0)
			c[0] = c[1] = ' ';
	}
	return text;
}

const char *remote_member(struct arena *arena, const json_t *object, const char *key)
{
	return remote_text(arena, json_object_get(object, key));
}

long long remote_number(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return json_is_integer(value) && json_integer_value(value) >= 0 ? json_integer_value(value)
	                                                                : -1;
}

void remote_texts(struct arena *arena, const json_t *array, struct strings *ret)
{
	for (size_t i = 0; i < json_array_size(array) && i < REMOTE_LIST_MAX; i++) {
		const char *text = remote_text(arena, json_array_get(array, i));

		if (text != NULL)
			*list_add(arena, ret) = text;
	}
}

int remote_answer(struct arena *arena, const char *what, const char *json, size_t len, size_t max,
                  json_t **ret, const char **ret_error, const char **ret_hint)
{
	json_error_t error;
	json_t *root;

	*ret_hint = NULL;
	if (len > max) {
		*ret_error = arena_printf(arena, "the agent's answer to '%s' is too large", what);
		return -EINVAL;
	}
	root = json_loadb(json, len, JSON_REJECT_DUPLICATES, &error);
	if (!json_is_object(root)) {
		*ret_error =
			arena_printf(arena, "the agent's answer to '%s' is no JSON object", what);
		json_decref(root);
		return -EINVAL;
	}
	if (remote_number(root, "v") != 1)
		*ret_error = arena_printf(arena, "the agent's answer to '%s' is of another version",
		                          what);
	else if ((*ret_error = remote_member(arena, root, "error")) == NULL) {
		*ret = root;
		return 0;
	} else {
		*ret_hint = remote_member(arena, root, "hint");
		json_decref(root);
		return -EREMOTEIO;
	}
	json_decref(root);
	return -EINVAL;
}
