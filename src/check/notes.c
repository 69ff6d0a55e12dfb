/* What the definition says to everybody who uses it, and what of the settings it does not use. */
#include "check/families.h"

static void unused_mail(const struct node_inputs *inputs, struct findings *findings)
{
	const struct settings_mail *mail = &inputs->settings->mail;

	if (!inputs->app->mail_used.v && mail->host.at.source != NULL)
		diag_note(findings, "mail.unused", mail->host.at, "write mail: none",
		          "%s sends no mail: 'mail' has no effect", inputs->app->name.v);
}

CHECK_FAMILY(notes)
{
	const struct value_list *notes = &inputs->app->notes;

	(void)node;
	unused_mail(inputs, findings);
	for (size_t i = 0; i < notes->count; i++)
		diag_note(findings, "app.note", inputs->settings->app.at, NULL, "%s",
		          notes->items[i].v);
}
