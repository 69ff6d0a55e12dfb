/*
 * libcurl, loaded when it is first needed. With the thirty libraries that it brings along, starting
 * takes longer than rendering a node, and most commands ask nobody. These are the functions of
 * <curl/curl.h> that stead calls, passed on to the library; whoever calls them need not know.
 */
#include <curl/curl.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>

#define CURL_LIBRARY "libcurl.so.4"

#if LIBCURL_VERSION_NUM < 0x080000
#define CURLU_READ CURLU
#else
#define CURLU_READ const CURLU
#endif

/* The types of the library's functions, from their declarations. */
static struct {
	__typeof__(curl_global_init) *global_init;
	__typeof__(curl_easy_init) *easy_init;
	__typeof__(curl_easy_perform) *easy_perform;
	__typeof__(curl_easy_cleanup) *easy_cleanup;
	__typeof__(curl_easy_strerror) *easy_strerror;
	__typeof__(curl_slist_append) *slist_append;
	__typeof__(curl_slist_free_all) *slist_free_all;
	__typeof__(curl_getdate) *getdate;
	__typeof__(curl_free) *free;
	__typeof__(curl_url) *url;
	__typeof__(curl_url_cleanup) *url_cleanup;
	__typeof__(curl_url_get) *url_get;
	__typeof__(curl_url_set) *url_set;
	CURLcode (*easy_setopt)(CURL *curl, CURLoption option, ...);
	CURLcode (*easy_getinfo)(CURL *curl, CURLINFO info, ...);
	bool loaded;
} curl;

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void *find(void *library, const char *name, bool *all)
{
	void *function = dlsym(library, name);

	*all = *all && function != NULL;
	return function;
}

/* Never closed: its libraries keep threads' data. */
static void load(void)
{
	void *library = dlopen(CURL_LIBRARY, RTLD_NOW | RTLD_LOCAL);
	bool all = library != NULL;

	if (library == NULL)
		return;
	/* POSIX: what dlsym() returns may be kept as a function, though C has no such cast. */
	*(void **)&curl.global_init = find(library, "curl_global_init", &all);
	*(void **)&curl.easy_init = find(library, "curl_easy_init", &all);
	*(void **)&curl.easy_perform = find(library, "curl_easy_perform", &all);
	*(void **)&curl.easy_cleanup = find(library, "curl_easy_cleanup", &all);
	*(void **)&curl.easy_strerror = find(library, "curl_easy_strerror", &all);
	*(void **)&curl.slist_append = find(library, "curl_slist_append", &all);
	*(void **)&curl.slist_free_all = find(library, "curl_slist_free_all", &all);
	*(void **)&curl.getdate = find(library, "curl_getdate", &all);
	*(void **)&curl.free = find(library, "curl_free", &all);
	*(void **)&curl.url = find(library, "curl_url", &all);
	*(void **)&curl.url_cleanup = find(library, "curl_url_cleanup", &all);
	*(void **)&curl.url_get = find(library, "curl_url_get", &all);
	*(void **)&curl.url_set = find(library, "curl_url_set", &all);
	*(void **)&curl.easy_setopt = find(library, "curl_easy_setopt", &all);
	*(void **)&curl.easy_getinfo = find(library, "curl_easy_getinfo", &all);
	curl.loaded = all;
}

static bool is_loaded(void)
{
	(void)pthread_once(&once, load);
	return curl.loaded;
}

CURLcode curl_global_init(long flags)
{
	return is_loaded() ? curl.global_init(flags) : CURLE_FAILED_INIT;
}

/* Without the library this is where every caller stops, with the sentence of curl_easy_strerror().
 */
CURL *curl_easy_init(void)
{
	return is_loaded() ? curl.easy_init() : NULL;
}

CURLcode curl_easy_perform(CURL *handle)
{
	return is_loaded() ? curl.easy_perform(handle) : CURLE_FAILED_INIT;
}

void curl_easy_cleanup(CURL *handle)
{
	if (is_loaded())
		curl.easy_cleanup(handle);
}

const char *curl_easy_strerror(CURLcode code)
{
	return is_loaded() ? curl.easy_strerror(code) : CURL_LIBRARY " cannot be loaded";
}

struct curl_slist *curl_slist_append(struct curl_slist *list, const char *text)
{
	return is_loaded() ? curl.slist_append(list, text) : NULL;
}

void curl_slist_free_all(struct curl_slist *list)
{
	if (is_loaded())
		curl.slist_free_all(list);
}

time_t curl_getdate(const char *text, const time_t *unused)
{
	return is_loaded() ? curl.getdate(text, unused) : -1;
}

void curl_free(void *text)
{
	if (is_loaded())
		curl.free(text);
}

CURLU *curl_url(void)
{
	return is_loaded() ? curl.url() : NULL;
}

void curl_url_cleanup(CURLU *url)
{
	if (is_loaded())
		curl.url_cleanup(url);
}

CURLUcode curl_url_get(CURLU_READ *url, CURLUPart part, char **text, unsigned flags)
{
	return is_loaded() ? curl.url_get(url, part, text, flags) : CURLUE_BAD_HANDLE;
}

CURLUcode curl_url_set(CURLU *url, CURLUPart part, const char *text, unsigned flags)
{
	return is_loaded() ? curl.url_set(url, part, text, flags) : CURLUE_BAD_HANDLE;
}

/* What an argument is follows from its option's number, for the library as well (curl/curl.h). */
#undef curl_easy_setopt
CURLcode curl_easy_setopt(CURL *handle, CURLoption option, ...)
{
	CURLcode code = CURLE_FAILED_INIT;
	va_list args;

	if (!is_loaded())
		return code;
	va_start(args, option);
	if (option < CURLOPTTYPE_OBJECTPOINT)
		code = curl.easy_setopt(handle, option, va_arg(args, long));
	else if (option >= CURLOPTTYPE_OFF_T && option < CURLOPTTYPE_BLOB)
		code = curl.easy_setopt(handle, option, va_arg(args, curl_off_t));
	else
		code = curl.easy_setopt(handle, option, va_arg(args, void *));
	va_end(args);
	return code;
}

#undef curl_easy_getinfo
CURLcode curl_easy_getinfo(CURL *handle, CURLINFO info, ...)
{
	CURLcode code;
	va_list args;

	if (!is_loaded())
		return CURLE_FAILED_INIT;
	va_start(args, info);
	code = curl.easy_getinfo(handle, info, va_arg(args, void *));
	va_end(args);
	return code;
}
