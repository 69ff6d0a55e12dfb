#include "probe/registry.h"

#include <stdarg.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/text.h"
#include "node/image.h"
#include "probe/fetch.h"
#include "probe/login.h"
#include "probe/registry_answer.h"

enum {
	MANIFEST_MAX = 4 * 1024 * 1024, /* what the distribution spec lets a registry refuse */
	TOKEN_ANSWER_MAX = 256 * 1024,
	TAGS_ANSWERS_MAX = 16 * 1024 * 1024, /* of all pages together */
	TAGS_PAGES_MAX = 200,
	TAGS_MAX = 100 * 1000,
	HTTP_OK = 200,
	HTTP_UNAUTHORIZED = 401,
	HTTP_FORBIDDEN = 403,
	HTTP_NOT_FOUND = 404,
	HTTP_TOO_MANY = 429,
	HTTP_TROUBLE = 500,
};

/* All that a tag can stand for, newest first. */
static const char accept_manifests[] = "Accept: application/vnd.oci.image.index.v1+json, "
				       "application/vnd.docker.distribution.manifest.list.v2+json, "
				       "application/vnd.oci.image.manifest.v1+json, "
				       "application/vnd.docker.distribution.manifest.v2+json";

struct run {
	struct arena *arena;
	const struct registry_question *question;
	struct registry_answer *answer;
	struct image image;
	const char *server, *path; /* as they stand in URLs */
	const char *authorization; /* a header; NULL: none */
	bool logged_in;            /* with a login of the user's */
	int64_t until_ms;
};

/* --- saying what is wrong --- */

static void __attribute__((format(printf, 4, 5)))
set(struct run *run, enum registry_result result, const char *hint, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	run->answer->result = result;
	run->answer->sentence = arena_vprintf(run->arena, format, args);
	run->answer->hint = hint;
	va_end(args);
}

/* There was no answer. */
static void judge_silence(struct run *run, const char *url, const struct fetch_answer *got)
{
	const char *host = fetch_server(run->arena, url);

	switch (got->result) {
	case FETCH_NO_ADDRESS:
		set(run, REGISTRY_NO_ADDRESS, "is the name right, and is this computer online?",
		    "no address is found for the registry %s", host);
		return;
	case FETCH_REFUSED:
		set(run, REGISTRY_REFUSED, NULL, "the registry %s cannot be reached: %s", host,
		    got->error);
		return;
	case FETCH_TIMED_OUT:
		set(run, REGISTRY_TIMED_OUT, "--deadline SECONDS waits longer",
		    got->connected ? "the registry %s takes too long to answer"
		                   : "nothing answers at the registry %s",
		    host);
		return;
	case FETCH_CERTIFICATE:
		set(run, REGISTRY_CERTIFICATE,
		    "SSL_CERT_FILE names other authorities to trust; they must be known to the "
		    "node too",
		    "the certificate of the registry %s is not trusted: %s", host, got->error);
		return;
	case FETCH_TLS:
		set(run, REGISTRY_TLS,
		    "a mirror without TLS is written with http:// in front of its name",
		    "TLS with the registry %s fails: %s", host, got->error);
		return;
	case FETCH_TOO_LARGE:
		set(run, REGISTRY_NONE, NULL, "the registry %s sends more than an answer can be",
		    host);
		return;
	case FETCH_NOT_HTTP:
		set(run, REGISTRY_NONE, NULL, "what answers at %s is no registry: %s", host,
		    got->error);
		return;
	case FETCH_REDIRECTS:
		set(run, REGISTRY_NONE, NULL,
		    "the registry %s sends elsewhere, and that is wrong: %s", host, got->error);
		return;
	default:
		set(run, REGISTRY_FAILED, NULL, "talking to the registry %s failed: %s", host,
		    got->error);
		return;
	}
}

static const char *said(struct run *run, const struct fetch_answer *got)
{
	const char *message = registry_error_parse(run->arena, got->body, got->len);

	return message != NULL ? arena_printf(run->arena, ": %s", message) : "";
}

static const char *login_hint(struct run *run)
{
	return run->logged_in
	               ? "is the name right, and may this login read it?"
	               : arena_printf(
				 run->arena,
				 "is the name right? If it needs a login: 'podman login %s' or "
				 "'docker login %s'",
				 run->image.registry, run->image.registry);
}

/* There was an answer, but no image. */
static void judge_status(struct run *run, const char *url, const struct fetch_answer *got)
{
	const char *host = fetch_server(run->arena, url), *image = run->question->image;

	if (got->status == HTTP_UNAUTHORIZED || got->status == HTTP_FORBIDDEN)
		set(run, REGISTRY_DENIED, login_hint(run), "%s does not give '%s'%s", host, image,
		    said(run, got));
	else if (got->status == HTTP_NOT_FOUND)
		set(run, REGISTRY_MISSING, "look for a typing error in its name and its tag",
		    "%s has no image '%s'%s", host, image, said(run, got));
	else if (got->status == HTTP_TOO_MANY && got->retry_after_s > 0)
		set(run, REGISTRY_BUSY, "a login often has a higher limit",
		    "%s was asked too often and wants to be left alone for %ld s", host,
		    got->retry_after_s);
	else if (got->status == HTTP_TOO_MANY)
		set(run, REGISTRY_BUSY, "try again later; a login often has a higher limit",
		    "%s was asked too often", host);
	else if (got->status >= HTTP_TROUBLE)
		set(run, REGISTRY_TROUBLE, "try again later", "%s has trouble of its own: %ld%s",
		    host, got->status, said(run, got));
	else
		set(run, REGISTRY_NONE, NULL, "what answers at %s is no registry: status %ld%s",
		    host, got->status, said(run, got));
}

/* --- asking --- */

static void get(struct run *run, const char *url, const char *accept, bool head, size_t max_bytes,
                struct fetch_answer *ret)
{
	const char *headers[3] = { NULL };
	size_t count = 0;
	if (accept != NULL)
		headers[count++] = accept;
	if (run->authorization != NULL)
		headers[count++] = run->authorization;
	struct fetch request = {
		.url = url,
		.head = head,
		.plain = run->question->plain,
		.headers = headers,
		.ca_file = run->question->ca_file,
		.max_bytes = max_bytes,
		.until_ms = run->until_ms,
	};

	fetch(run->arena, &request, ret);
}

static void add_parameter(struct text *url, const char *name, const char *value)
{
	text_addf(url, "%c%s=", strchr(url->data, '?') != NULL ? '&' : '?', name);
	for (; *value != '\0'; value++)
		if ((*value >= '0' && *value <= '9') || (*value >= 'A' && *value <= 'Z') ||
		    (*value >= 'a' && *value <= 'z') || strchr("-._~", *value) != NULL)
			text_addc(url, *value);
		else
			text_addf(url, "%%%02X", (unsigned char)*value);
}

/* distribution's "Token Authentication Specification". */
static const char *token_url(struct run *run, const struct registry_challenge *challenge)
{
	struct text url;

	text_init(&url, run->arena);
	text_add(&url, challenge->realm);
	if (challenge->service != NULL)
		add_parameter(&url, "service", challenge->service);
	add_parameter(&url, "scope",
	              challenge->scope != NULL
	                      ? challenge->scope
	                      : arena_printf(run->arena, "repository:%s:pull", run->path));
	return url.data;
}

static const char *basic(struct run *run)
{
	const char *login = login_find(run->question->secret_arena, run->image.registry,
	                               run->image.path, run->until_ms);

	run->logged_in = login != NULL;
	return login == NULL ? NULL
	                     : arena_printf(run->question->secret_arena, "Authorization: Basic %s",
	                                    login);
}

static bool fetch_token(struct run *run, const struct registry_challenge *challenge)
{
	struct arena *secret_arena = run->question->secret_arena;
	const char *url, *token;
	struct run with_login = *run;
	struct fetch_answer got;

	if (challenge->realm == NULL ||
	    (!str_starts(challenge->realm, "https://") &&
	     !(run->question->plain && str_starts(challenge->realm, "http://")))) {
		set(run, REGISTRY_NONE, NULL,
		    "%s wants a token, and does not say where it is to be had by https://",
		    run->server);
		return false;
	}
	url = token_url(run, challenge);
	with_login.arena = secret_arena;
	with_login.authorization = basic(&with_login);
	get(&with_login, url, NULL, false, TOKEN_ANSWER_MAX, &got);
	run->logged_in = with_login.logged_in;
	if (got.result != FETCH_OK) {
		judge_silence(run, url, &got);
		return false;
	}
	if (got.status != HTTP_OK) {
		judge_status(run, url, &got);
		return false;
	}
	token = registry_token_parse(secret_arena, got.body, got.len);
	if (token == NULL) {
		set(run, REGISTRY_NONE, NULL, "%s sends no token that can be used",
		    fetch_server(run->arena, url));
		return false;
	}
	run->authorization = arena_printf(secret_arena, "Authorization: Bearer %s", token);
	return true;
}

/* Does what the first 401 asks for, if it is the registry's own: the user's login goes where it
 * says. */
static bool log_in(struct run *run, const char *url, const struct fetch_answer *got)
{
	struct registry_challenge challenge = { 0 };
	const char *header;

	if (got->url == NULL || !fetch_same_server(url, got->url)) {
		set(run, REGISTRY_DENIED, NULL, "%s sends to %s, which wants a login for '%s'",
		    run->server, got->url != NULL ? fetch_server(run->arena, got->url) : "nowhere",
		    run->question->image);
		return false;
	}
	for (size_t i = 0; (header = fetch_header(got, "WWW-Authenticate", i)) != NULL; i++)
		registry_challenge_parse(run->arena, header, &challenge);
	if (challenge.bearer)
		return fetch_token(run, &challenge);
	if (challenge.basic)
		run->authorization = basic(run);
	if (run->authorization != NULL)
		return true;
	judge_status(run, run->server, got);
	return false;
}

static const char *url_of(struct run *run, const char *what, const char *reference)
{
	return arena_printf(run->arena, "%s://%s/v2/%s/%s/%s",
	                    run->question->plain ? "http" : "https", run->server, run->path, what,
	                    reference);
}

/* An answer with status 200, after logging in where that is asked for. */
static bool ask_url(struct run *run, const char *url, const char *accept, bool head,
                    size_t max_bytes, struct fetch_answer *ret)
{
	get(run, url, accept, head, max_bytes, ret);
	if (ret->result == FETCH_OK && ret->status == HTTP_UNAUTHORIZED &&
	    run->authorization == NULL) {
		if (!log_in(run, url, ret))
			return false;
		get(run, url, accept, head, max_bytes, ret);
	}
	if (ret->result != FETCH_OK)
		judge_silence(run, url, ret);
	else if (ret->status != HTTP_OK)
		judge_status(run, url, ret);
	return ret->result == FETCH_OK && ret->status == HTTP_OK;
}

static bool ask(struct run *run, const char *what, const char *reference, const char *accept,
                bool head, struct fetch_answer *ret)
{
	return ask_url(run, url_of(run, what, reference), accept, head, MANIFEST_MAX, ret);
}

/* --- the answer --- */

static const char *digest_of(struct arena *arena, const char *data, size_t len)
{
	return arena_printf(arena, "sha256:%s", hash_sha256(arena, data, len));
}

/* What was sent must be what the registry calls it, and what was asked for. */
static bool is_what_it_says(struct run *run, const struct fetch_answer *got, const char *wanted,
                            const char *digest)
{
	const char *called = fetch_header(got, "Docker-Content-Digest", 0);

	if (wanted == NULL || str_equal(wanted, digest)) {
		if (called == NULL || str_equal(called, digest))
			return true;
		wanted = called;
	}
	set(run, REGISTRY_WRONG_DIGEST,
	    "something between here and the registry changes what it sends, or the registry is "
	    "broken; nothing of it was used",
	    "what %s sends for '%s' is %s, not %s", run->server, run->question->image, digest,
	    wanted);
	return false;
}

static void refuse_format(struct run *run, const char *why)
{
	set(run, REGISTRY_FORMAT, NULL, "what %s sends for '%s' is %s", run->server,
	    run->question->image, why);
}

/* One image says in its configuration what machine it is for. */
static bool ask_config(struct run *run, const char *digest, struct strings *ret)
{
	struct fetch_answer got;
	const char *why;

	if (!ask(run, "blobs", digest, NULL, false, &got) ||
	    !is_what_it_says(run, &got, digest, digest_of(run->arena, got.body, got.len)))
		return false;
	if (registry_config_parse(run->arena, got.body, got.len, ret, &why))
		return true;
	refuse_format(run, why);
	return false;
}

static void ask_manifest(struct run *run, const char *reference)
{
	struct registry_manifest manifest;
	struct fetch_answer got;
	const char *digest, *why;

	if (!ask(run, "manifests", reference, accept_manifests, false, &got))
		return;
	digest = digest_of(run->arena, got.body, got.len);
	if (!is_what_it_says(run, &got, run->image.digest, digest))
		return;
	if (!registry_manifest_parse(run->arena, got.body, got.len, &manifest, &why)) {
		refuse_format(run, why);
		return;
	}
	if (!manifest.index && !ask_config(run, manifest.config, &manifest.arches))
		return;
	run->answer->result = REGISTRY_OK;
	run->answer->digest = digest;
	run->answer->arches = manifest.arches;
}

/* HEAD costs nothing of the limits that registries have, so it comes first where it may do. */
static bool is_still(struct run *run, const char *reference)
{
	struct fetch_answer got;

	if (!ask(run, "manifests", reference, accept_manifests, true, &got))
		return false;
	if (!str_equal(fetch_header(&got, "Docker-Content-Digest", 0), run->question->known))
		return false;
	run->answer->result = REGISTRY_OK;
	run->answer->digest = run->question->known;
	return true;
}

/* Docker's own registry has another name than its images say. */
static void choose_server(struct run *run)
{
	bool hub = str_equal(run->image.registry, "docker.io") ||
	           str_equal(run->image.registry, "index.docker.io");

	if (hub)
		run->image.registry = "docker.io";
	run->server = hub ? "registry-1.docker.io" : run->image.registry;
	run->path = hub && strchr(run->image.path, '/') == NULL
	                    ? arena_printf(run->arena, "library/%s", run->image.path)
	                    : run->image.path;
	run->answer->server = run->server;
}

static bool begin(struct run *run, struct arena *arena, const struct registry_question *question,
                  struct registry_answer *ret)
{
	*run = (struct run){
		.arena = arena,
		.question = question,
		.answer = ret,
		.until_ms = clock_ms() + question->deadline_ms,
	};
	*ret = (struct registry_answer){ .result = REGISTRY_MISSING };
	if (!image_parse(arena, question->image, &run->image)) {
		set(run, REGISTRY_MISSING, "like docker.io/library/caddy:2",
		    "'%s' is not an image reference", question->image);
		return false;
	}
	choose_server(run);
	return true;
}

void registry_ask(struct arena *arena, const struct registry_question *question,
                  struct registry_answer *ret)
{
	const char *reference;
	struct run run;

	if (!begin(&run, arena, question, ret))
		return;
	reference = run.image.digest != NULL ? run.image.digest
	            : run.image.tag != NULL  ? run.image.tag
	                                     : "latest";
	if (question->known != NULL) {
		if (is_still(&run, reference) || registry_unasked(ret->result))
			return;
		*ret = (struct registry_answer){ .server = run.server };
	}
	ask_manifest(&run, reference);
}

/* --- tags --- */

static void refuse_tags(struct run *run, const char *why)
{
	set(run, REGISTRY_FORMAT, NULL, "what %s sends as the tags of '%s/%s' is %s", run->server,
	    run->image.registry, run->path, why);
}

/* The URL of the page behind this one; NULL: it was the last, or is an error. */
static const char *next_page(struct run *run, const char *url, const struct fetch_answer *got,
                             bool *ret_more)
{
	const char *header, *next = NULL;

	*ret_more = false;
	for (size_t i = 0; !*ret_more && (header = fetch_header(got, "Link", i)) != NULL; i++)
		next = registry_next_parse(run->arena, header, url, ret_more);
	return next;
}

void registry_ask_tags(struct arena *arena, const struct registry_question *question,
                       struct registry_answer *ret)
{
	size_t left = TAGS_ANSWERS_MAX, pages = 0;
	struct fetch_answer got;
	const char *url;
	bool more = true;
	struct run run;

	if (!begin(&run, arena, question, ret))
		return;
	for (url = url_of(&run, "tags", "list?n=1000"); more; left -= got.len) {
		if (!ask_url(&run, url, NULL, false, left, &got))
			return;
		if (!registry_tags_parse(arena, got.body, got.len, &ret->tags)) {
			refuse_tags(&run, "no list of tags");
			return;
		}
		url = next_page(&run, url, &got, &more);
		if (ret->tags.count > TAGS_MAX || (more && ++pages == TAGS_PAGES_MAX)) {
			refuse_tags(&run, "more than can be compared");
			return;
		}
		if (more && url == NULL) {
			refuse_tags(&run, "a list that goes on elsewhere");
			return;
		}
	}
	ret->result = REGISTRY_OK;
}

bool registry_unasked(enum registry_result result)
{
	return result >= REGISTRY_NO_ADDRESS && result <= REGISTRY_FAILED;
}
