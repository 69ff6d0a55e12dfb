/* A file as it was written: a script, say. The definition's check sees to it that no secret is in
 * it. */
#include "node/value.h"

void config_write_text(struct config_writer *w, const struct config_value *root)
{
	const struct config_value *item = root->items.count == 1 ? root->items.items[0] : NULL;

	if (item == NULL || item->text == NULL || item->secret) {
		config_refuse(w, root, "a file of syntax text has one value, and no secret in it");
		return;
	}
	text_add(w->text, item->text);
	if (w->text->len > 0 && w->text->data[w->text->len - 1] != '\n')
		text_addc(w->text, '\n');
}
