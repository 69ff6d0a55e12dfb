/* A file as it was written: a script, or a secret and nothing else. The definition's check sees to
 * it that no secret is in it that would need quotes. */
#include "node/value.h"

void config_write_text(struct config_writer *w, const struct config_value *root)
{
	const struct config_value *item = root->items.count == 1 ? root->items.items[0] : NULL;

	if (root->items.count == 0)
		return; /* a secret that is missing, which is a finding of its own */
	if (item == NULL || item->text == NULL) {
		config_refuse(w, root, "a file of syntax text has one value");
		return;
	}
	text_add(w->text, item->text);
	if (w->text->len > 0 && w->text->data[w->text->len - 1] != '\n')
		text_addc(w->text, '\n');
}
