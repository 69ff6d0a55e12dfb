/*
 * The mail server, as this computer sees it.
 */
#include "base/arena.h"
#include "probe/online.h"

#define FROM_NODE "'stead up' and 'stead mail test' ask from the node"

/* What may be otherwise on the node is a warning. */
static const struct {
	const char *code;
	enum severity severity;
} judgements[] = {
	[MAIL_NO_NODE] = { "mail.unreachable", SEVERITY_WARNING },
	[MAIL_UNKNOWN_HOST] = { "mail.unknown-host", SEVERITY_ERROR },
	[MAIL_REFUSED] = { "mail.unreachable", SEVERITY_WARNING },
	[MAIL_TIMED_OUT] = { "mail.unreachable", SEVERITY_WARNING },
	[MAIL_UNREACHABLE] = { "mail.unreachable", SEVERITY_WARNING },
	[MAIL_NOT_CONNECTED] = { "mail.unreachable", SEVERITY_WARNING },
	[MAIL_NOT_SMTP] = { "mail.not-smtp", SEVERITY_ERROR },
	[MAIL_SILENT] = { "mail.silent", SEVERITY_WARNING },
	[MAIL_TOO_SLOW] = { "mail.silent", SEVERITY_WARNING },
	[MAIL_HUNG_UP] = { "mail.refused", SEVERITY_WARNING },
	[MAIL_LATER] = { "mail.refused", SEVERITY_WARNING },
	[MAIL_NOT_WELCOME] = { "mail.refused", SEVERITY_WARNING },
	[MAIL_NO_STARTTLS] = { "mail.no-starttls", SEVERITY_ERROR },
	[MAIL_TLS_FAILED] = { "mail.no-tls", SEVERITY_ERROR },
	[MAIL_CERT_EXPIRED] = { "mail.certificate", SEVERITY_ERROR },
	[MAIL_CERT_NAME] = { "mail.certificate", SEVERITY_ERROR },
	[MAIL_CERT_AUTHORITY] = { "mail.certificate", SEVERITY_ERROR },
	[MAIL_CERT_OTHER] = { "mail.certificate", SEVERITY_ERROR },
	[MAIL_LOGIN_REFUSED] = { "mail.login", SEVERITY_ERROR },
	[MAIL_LOGIN_METHOD] = { "mail.login", SEVERITY_ERROR },
	[MAIL_LOGIN_NOT_OFFERED] = { "mail.login", SEVERITY_ERROR },
	[MAIL_SENDER_REFUSED] = { "mail.refused", SEVERITY_WARNING },
	[MAIL_RECIPIENT_REFUSED] = { "mail.refused", SEVERITY_WARNING },
	[MAIL_MESSAGE_REFUSED] = { "mail.refused", SEVERITY_WARNING },
	[MAIL_FAILED] = { "mail.refused", SEVERITY_WARNING },
};

static struct span place_of(const struct settings_mail *mail, enum mail_result result)
{
	switch (result) {
	case MAIL_LOGIN_REFUSED:
	case MAIL_LOGIN_METHOD:
	case MAIL_LOGIN_NOT_OFFERED:
		return mail->user.at;
	case MAIL_REFUSED:
	case MAIL_TIMED_OUT:
	case MAIL_NOT_SMTP:
	case MAIL_SILENT:
	case MAIL_NO_STARTTLS:
	case MAIL_TLS_FAILED:
		return mail->port.at.line > 0 ? mail->port.at : mail->host.at;
	default:
		return mail->host.at;
	}
}

void probe_mail(struct probe *probe)
{
	const struct mail_test *test = probe->online->mail;
	struct mail_report report;
	struct span at;
	const char *hint;

	if (test == NULL) {
		probe_skip(probe, "no mail is sent");
		return;
	}
	mail_test(probe->arena, test, &report);
	if (report.result == MAIL_OK) {
		probe_saw(probe, "%s; " FROM_NODE, report.sentence);
		return;
	}
	at = place_of(&probe->online->settings->mail, report.result);
	hint = report.hint != NULL ? arena_printf(probe->arena, "%s; " FROM_NODE, report.hint)
	                           : FROM_NODE;
	if (judgements[report.result].severity == SEVERITY_ERROR)
		diag_error(&probe->findings, judgements[report.result].code, at, report.hint, "%s",
		           report.sentence);
	else
		diag_warning(&probe->findings, judgements[report.result].code, at, hint, "%s",
		             report.sentence);
}
