/* What the definition says to everybody who uses it, and what of the settings it does not use. */
#include "check/families.h"

#include <string.h>

#include "base/arena.h"
#include "base/text.h"

static void unused_mail(const struct node_inputs *inputs, struct findings *findings)
{
	const struct settings_mail *mail = &inputs->settings->mail;

	if (!inputs->app->mail_used.v && mail->host.at.source != NULL)
		diag_note(findings, "mail.unused", mail->host.at, "write mail: none",
		          "%s sends no mail: 'mail' has no effect", inputs->app->name.v);
}

/* A way to send mail that the application has not: it would send none, and say nothing. */
static void unknown_way(const struct node_inputs *inputs, struct findings *findings)
{
	const struct app_mail *mail = &inputs->app->mail;
	const struct settings_mail *wish = &inputs->settings->mail;
	const char *way = settings_mail_way(inputs->settings);
	const struct {
		const char *way;
		const struct value_pairs *pairs;
	} rows[] = { { "plain", &mail->plain },
		     { "starttls", &mail->starttls },
		     { "tls", &mail->tls } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (mail->processes.count > 0 && str_equal(way, rows[i].way) &&
		    rows[i].pairs->at.line == 0)
			diag_error(
				findings, "mail.way", wish->host.at,
				mail->starttls.at.line != 0
					? "use a port with STARTTLS, like 587, and 'tls: starttls'"
					: NULL,
				"%s cannot send mail by '%s'", inputs->app->name.v, way);
}

/* Services that the settings name, and the definition does not speak of. */
static void unused_services(const struct node_inputs *inputs, struct findings *findings)
{
	static const char *const keys[] = { "media", "database", "redis", "search" };
	cleanup_arena struct arena *scratch = arena_new();
	const struct source *definition = inputs->app->source;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const struct yaml_node *value = yaml_get(inputs->settings->root, keys[i]);

		if (value != NULL &&
		    strstr(definition->data, arena_printf(scratch, "settings.%s", keys[i])) == NULL)
			diag_note(findings, "settings.unused", value->span, NULL,
			          "%s does not use '%s': it has no effect", inputs->app->name.v,
			          keys[i]);
	}
}

CHECK_FAMILY(notes)
{
	const struct value_list *notes = &inputs->app->notes;

	(void)node;
	unused_mail(inputs, findings);
	unknown_way(inputs, findings);
	unused_services(inputs, findings);
	for (size_t i = 0; i < notes->count; i++)
		diag_note(findings, "app.note", inputs->settings->app.at, NULL, "%s",
		          notes->items[i].v);
}
