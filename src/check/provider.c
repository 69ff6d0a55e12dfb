/* What is known about who runs the machine. How large its configuration may be is said where that
 * is rendered. */
#include "check/families.h"

#include "base/arena.h"
#include "base/text.h"
#include "provider/provider.h"

static const struct value_text *image_of(const struct provider *provider, const char *os)
{
	if (str_equal(os, "flatcar"))
		return &provider->images.flatcar;
	if (str_equal(os, "fcos"))
		return &provider->images.fcos;
	return NULL;
}

static void check_image(const struct node_inputs *inputs, const struct provider *provider,
                        struct findings *findings)
{
	const struct settings_machine *machine = &inputs->settings->machine;
	const struct value_text *image = image_of(provider, machine->os.v);
	bool upload = image != NULL && str_equal(image->v, "upload");

	if (upload)
		diag_note(findings, "provider.image", machine->os.at, NULL,
		          "%s offers no image of '%s': upload one first", provider->title.v,
		          machine->os.v);
	if (upload && provider->ipv6.v != NULL)
		diag_note(findings, "provider.ipv6", machine->os.at, NULL, "%s", provider->ipv6.v);
}

/* Known before the first mail is tried. */
static void check_mail(const struct node_inputs *inputs, const struct provider *provider,
                       struct findings *findings)
{
	const struct settings_mail *mail = &inputs->settings->mail;
	const struct provider_block *block = provider_blocks(provider, mail->port.v);

	if (mail->host.v == NULL || !inputs->app->mail_used.v || block == NULL)
		return;
	diag_note(findings, "provider.mail",
	          mail->port.at.source != NULL ? mail->port.at : mail->host.at, block->source.v,
	          "port %ld may be blocked: %s", mail->port.v, block->rule.v);
}

CHECK_FAMILY(provider)
{
	const struct value_text *written = &inputs->settings->machine.provider;
	const char *asked = inputs->asked_provider;
	const struct value_text name = { asked != NULL ? asked : written->v, written->at };
	cleanup_arena struct arena *scratch = arena_new();
	const struct provider *provider;
	struct providers providers;

	(void)node;
	if (name.v == NULL && inputs->provider == NULL)
		return;
	provider_builtin(scratch, &providers);
	provider = provider_find(&providers, name.v != NULL ? name.v : inputs->provider);
	if (provider == NULL && name.v == NULL)
		return; /* another version of stead knew it */
	if (provider == NULL) {
		diag_error(findings, "provider.unknown", name.at,
		           provider_hint(scratch, &providers, name.v),
		           "there is no provider '%s' in the table", name.v);
		return;
	}
	/* A machine that has said who runs it is there: it needs no image any more. */
	if (name.v != NULL)
		check_image(inputs, provider, findings);
	check_mail(inputs, provider, findings);
}
