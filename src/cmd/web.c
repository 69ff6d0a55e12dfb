#include "cmd/web.h"

#include <curl/curl.h>
#include <errno.h>
#include <string.h>

#include "base/arena.h"

enum { DEADLINE_S = 30 };

static size_t drop(char *data, size_t size, size_t count, void *context)
{
	(void)data;
	(void)context;
	return size * count;
}

int web_get(struct arena *arena, const char *host, const char *address, unsigned port,
            const char *ca_file, long *ret_status, const char **ret_error)
{
	const char *to = arena_printf(
		arena, strchr(address, ':') != NULL ? "%s:443:[%s]:%u" : "%s:443:%s:%u", host,
		address, port);
	struct curl_slist *connect_to = curl_slist_append(NULL, to);
	char error[CURL_ERROR_SIZE] = "";
	CURL *curl = curl_easy_init();
	CURLcode code = CURLE_FAILED_INIT;

	if (curl != NULL) {
		(void)curl_easy_setopt(curl, CURLOPT_URL, arena_printf(arena, "https://%s/", host));
		(void)curl_easy_setopt(curl, CURLOPT_CONNECT_TO, connect_to);
		(void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
		(void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
		(void)curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)DEADLINE_S);
		(void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
		(void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop);
		(void)curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
		if (ca_file != NULL) {
			(void)curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file);
			(void)curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
		}
		code = curl_easy_perform(curl);
		if (code == CURLE_OK)
			(void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, ret_status);
		curl_easy_cleanup(curl);
	}
	curl_slist_free_all(connect_to);
	if (code == CURLE_OK)
		return 0;
	*ret_error = arena_strdup(arena, *error != '\0' ? error : curl_easy_strerror(code));
	return -EIO;
}
