#include "probe/fetch.h"

#include <curl/curl.h>
#include <signal.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/text.h"

enum { HEADERS_MAX = 200, HEADER_BYTES_MAX = 16 * 1024, REDIRECTS_MAX = 5, CONNECT_MS = 10000 };

struct run {
	struct arena *arena;
	const struct fetch *fetch;
	struct fetch_answer *answer;
	struct text body;
	bool too_large;
};

static size_t take_body(char *data, size_t size, size_t count, void *context)
{
	struct run *run = context;
	size_t len = size * count;

	if (len > run->fetch->max_bytes - run->body.len) {
		run->too_large = true;
		return 0;
	}
	text_addn(&run->body, data, len);
	return len;
}

/* Each answer of a chain of redirects begins with its status line. */
static size_t take_header(char *data, size_t size, size_t count, void *context)
{
	struct run *run = context;
	struct strings *headers = &run->answer->headers;
	size_t len = size * count, used = len;

	if (len > HEADER_BYTES_MAX || headers->count >= HEADERS_MAX) {
		run->too_large = true;
		return 0;
	}
	while (used > 0 && (data[used - 1] == '\n' || data[used - 1] == '\r'))
		used--;
	if (used >= 5 && strncmp(data, "HTTP/", 5) == 0)
		headers->count = 0;
	else if (used > 0)
		*list_add(run->arena, headers) = arena_strndup(run->arena, data, used);
	return len;
}

static long left_ms(const struct fetch *fetch)
{
	int64_t left = fetch->until_ms - clock_ms();

	return left < 1 ? 1 : (long)left;
}

static void set_options(CURL *curl, struct run *run, const struct curl_slist *headers)
{
	const struct fetch *fetch = run->fetch;
	const char *protocols = fetch->plain ? "http,https" : "https";
	long left = left_ms(fetch);

	(void)curl_easy_setopt(curl, CURLOPT_URL, fetch->url);
	(void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, protocols);
	(void)curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, protocols);
	(void)curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, fetch->once ? 0L : 1L);
	(void)curl_easy_setopt(curl, CURLOPT_MAXREDIRS, (long)REDIRECTS_MAX);
	(void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, left);
	(void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
	                       left < CONNECT_MS ? left : CONNECT_MS);
	(void)curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	(void)curl_easy_setopt(curl, CURLOPT_USERAGENT, "stead/" STEAD_VERSION);
	(void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	(void)curl_easy_setopt(curl, CURLOPT_NOBODY, fetch->head ? 1L : 0L);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, run);
	(void)curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
	(void)curl_easy_setopt(curl, CURLOPT_HEADERDATA, run);
	if (fetch->any_certificate) {
		(void)curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
		(void)curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	if (fetch->ca_file != NULL) {
		(void)curl_easy_setopt(curl, CURLOPT_CAINFO, fetch->ca_file);
		(void)curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
	}
}

static enum fetch_result result_of(const struct run *run, CURLcode code)
{
	if (run->too_large)
		return FETCH_TOO_LARGE;
	switch (code) {
	case CURLE_OK:
		return FETCH_OK;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		return FETCH_NO_ADDRESS;
	case CURLE_COULDNT_CONNECT:
		return FETCH_REFUSED;
	case CURLE_OPERATION_TIMEDOUT:
		return FETCH_TIMED_OUT;
	case CURLE_PEER_FAILED_VERIFICATION:
		return FETCH_CERTIFICATE;
	case CURLE_SSL_CONNECT_ERROR:
		return FETCH_TLS;
	case CURLE_UNSUPPORTED_PROTOCOL:
		/* HTTP/0.9 and whatever else has no status line, or a redirect to http:// */
		return run->answer->headers.count > 0 ? FETCH_REDIRECTS : FETCH_NOT_HTTP;
	case CURLE_TOO_MANY_REDIRECTS:
		return FETCH_REDIRECTS;
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_GOT_NOTHING:
	case CURLE_BAD_CONTENT_ENCODING:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
		return FETCH_NOT_HTTP;
	default:
		return FETCH_FAILED;
	}
}

static void read_info(CURL *curl, struct arena *arena, struct fetch_answer *answer)
{
	curl_off_t connect_us = 0, retry_after = 0;
	char *url = NULL;

	(void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer->status);
	(void)curl_easy_getinfo(curl, CURLINFO_CONNECT_TIME_T, &connect_us);
	(void)curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &retry_after);
	answer->connected = connect_us > 0;
	answer->retry_after_s = (long)retry_after;
	if (curl_easy_getinfo(curl, CURLINFO_EFFECTIVE_URL, &url) == CURLE_OK && url != NULL)
		answer->url = arena_strdup(arena, url);
}

/* "::[2001:db8::1]:" connects there for every host and port. A proxy would look names up itself. */
static struct curl_slist *pin_address(CURL *curl, const struct run *run)
{
	const char *address = run->fetch->address;
	bool v6 = address != NULL && strchr(address, ':') != NULL;
	struct curl_slist *list;

	if (address == NULL)
		return NULL;
	list = curl_slist_append(
		NULL, arena_printf(run->arena, "::%s%s%s:", v6 ? "[" : "", address, v6 ? "]" : ""));
	(void)curl_easy_setopt(curl, CURLOPT_CONNECT_TO, list);
	(void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
	return list;
}

static struct curl_slist *make_headers(const char *const *headers)
{
	struct curl_slist *list = NULL;

	for (; headers != NULL && *headers != NULL; headers++)
		list = curl_slist_append(list, *headers);
	return list;
}

void fetch(struct arena *arena, const struct fetch *fetch, struct fetch_answer *ret)
{
	struct run run = { .arena = arena, .fetch = fetch, .answer = ret };
	struct sigaction ignore = { .sa_handler = SIG_IGN }, before;
	struct curl_slist *headers = make_headers(fetch->headers), *pinned = NULL;
	char error[CURL_ERROR_SIZE] = "";
	CURL *curl = curl_easy_init();
	CURLcode code = CURLE_FAILED_INIT;

	*ret = (struct fetch_answer){ 0 };
	text_init(&run.body, arena);
	/* The other side may end the connection while curl writes. */
	(void)sigaction(SIGPIPE, &ignore, &before);
	if (curl != NULL) {
		set_options(curl, &run, headers);
		pinned = pin_address(curl, &run);
		(void)curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
		code = curl_easy_perform(curl);
		read_info(curl, arena, ret);
		curl_easy_cleanup(curl);
	}
	(void)sigaction(SIGPIPE, &before, NULL);
	curl_slist_free_all(headers);
	curl_slist_free_all(pinned);
	ret->result = result_of(&run, code);
	if (ret->result != FETCH_OK)
		ret->error = arena_strdup(arena, *error != '\0' ? error : curl_easy_strerror(code));
	ret->body = run.body.data;
	ret->len = run.body.len;
}

const char *fetch_server(struct arena *arena, const char *url)
{
	const char *host = strstr(url, "://");

	host = host != NULL ? host + 3 : url;
	return arena_strndup(arena, host, strcspn(host, "/?#"));
}

static bool same_part(CURLU *a, CURLU *b, CURLUPart part)
{
	char *in_a = NULL, *in_b = NULL;
	bool same = curl_url_get(a, part, &in_a, CURLU_DEFAULT_PORT) == CURLUE_OK &&
	            curl_url_get(b, part, &in_b, CURLU_DEFAULT_PORT) == CURLUE_OK &&
	            strcasecmp(in_a, in_b) == 0;

	curl_free(in_a);
	curl_free(in_b);
	return same;
}

bool fetch_same_server(const char *a, const char *b)
{
	CURLU *in_a = curl_url(), *in_b = curl_url();
	bool same = in_a != NULL && in_b != NULL &&
	            curl_url_set(in_a, CURLUPART_URL, a, 0) == CURLUE_OK &&
	            curl_url_set(in_b, CURLUPART_URL, b, 0) == CURLUE_OK &&
	            same_part(in_a, in_b, CURLUPART_SCHEME) &&
	            same_part(in_a, in_b, CURLUPART_HOST) && same_part(in_a, in_b, CURLUPART_PORT);

	curl_url_cleanup(in_a);
	curl_url_cleanup(in_b);
	return same;
}

const char *fetch_header(const struct fetch_answer *answer, const char *name, size_t number)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < answer->headers.count; i++) {
		const char *line = answer->headers.items[i];

		if (strncasecmp(line, name, len) != 0 || line[len] != ':' || number-- > 0)
			continue;
		line += len + 1;
		return line + strspn(line, " \t");
	}
	return NULL;
}
