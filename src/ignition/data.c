/*
 * data: URLs (RFC 2397) of file contents, and the packed form of a config.
 */
#include "ignition/ignition.h"

#include "base/arena.h"
#include "base/text.h"

#include <libdeflate.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum {
	LEVEL_BEST = 12,
	LEVEL_FAST = 6,
	TINY_MAX = 16 * 1024,
	SMALL_MAX = 256 * 1024,
	GZIP_MIN = 18,        /* header, one empty block, trailer */
	COMPRESSION_COST = 4, /* the word "gzip" in the config */
	TEXT_MAX = 64 * 1024,
};

static const char url_prefix[] = "data:,";
static const char base64_prefix[] = "data:;base64,";

/* What needs no escape: RFC 2397's urlchar, which is what RFC 2396 calls unreserved and reserved.
 * Ignition's own reader takes both. */
static bool is_urlchar(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("-_.!~*'();/?:@&=+$,", c) != NULL);
}

/* Texts of a config have much in common. Each by itself compresses badly, and what is compressed
 * already does not become smaller when the whole is: so they go into it as they are. */
static bool is_text(const unsigned char *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((data[i] < ' ' && data[i] != '\n' && data[i] != '\t') || data[i] == 0x7f)
			return false;
	return len <= TEXT_MAX;
}

/* JSON writes '&' in six letters. */
static bool is_plain(unsigned char c)
{
	return is_urlchar(c) && c != '&';
}

static size_t url_length(const unsigned char *data, size_t len)
{
	size_t sum = strlen(url_prefix);

	for (size_t i = 0; i < len; i++)
		sum += is_plain(data[i]) ? 1 : 3;
	return sum;
}

static char *url_escape(struct arena *arena, const unsigned char *data, size_t len)
{
	static const char hex[] = "0123456789ABCDEF";
	struct text text;

	text_init(&text, arena);
	text_add(&text, url_prefix);
	for (size_t i = 0; i < len; i++) {
		if (is_plain(data[i])) {
			text_addc(&text, (char)data[i]);
		} else {
			text_addc(&text, '%');
			text_addc(&text, hex[data[i] >> 4]);
			text_addc(&text, hex[data[i] & 15]);
		}
	}
	return text.data;
}

static size_t base64_length(size_t len)
{
	return strlen(base64_prefix) + 4 * ((len + 2) / 3);
}

static char *base64_url(struct arena *arena, const void *data, size_t len)
{
	return arena_printf(arena, "%s%s", base64_prefix, base64_encode(arena, data, len));
}

/* The last percent count where a provider takes little: what is smaller than that fits anyhow, and
 * where there is much they cost too much time. */
static int level_for(size_t len)
{
	return len > TINY_MAX && len <= SMALL_MAX ? LEVEL_BEST : LEVEL_FAST;
}

/* Its header says nothing of time or system, so that the same bytes give the same bytes. */
static unsigned char *gzip(struct arena *arena, const void *data, size_t len, size_t *ret_len)
{
	struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(level_for(len));
	unsigned char *out;
	size_t room;

	if (compressor == NULL)
		abort();
	room = libdeflate_gzip_compress_bound(compressor, len);
	out = arena_alloc(arena, room);
	*ret_len = libdeflate_gzip_compress(compressor, data, len, out, room);
	libdeflate_free_compressor(compressor);
	if (*ret_len == 0)
		abort();
	return out;
}

struct ignition_resource ignition_data_url(struct arena *arena, const void *data, size_t len)
{
	size_t zipped_len, url = url_length(data, len), base64 = base64_length(len);
	size_t best = base64 < url ? base64 : url;
	unsigned char *zipped;

	if (is_text(data, len))
		return (struct ignition_resource){ .source = url_escape(arena, data, len) };
	zipped = gzip(arena, data, len, &zipped_len);
	if (base64_length(zipped_len) + COMPRESSION_COST < best)
		return (struct ignition_resource){
			.source = base64_url(arena, zipped, zipped_len),
			.compression = "gzip",
		};
	return (struct ignition_resource){
		.source =
			base64 < url ? base64_url(arena, data, len) : url_escape(arena, data, len),
	};
}

char *ignition_pack(struct arena *secret_arena, const char *inner, size_t len, size_t *ret_len)
{
	struct ignition_config outer = { .secret_arena = secret_arena };
	size_t zipped_len;
	unsigned char *zipped = gzip(secret_arena, inner, len, &zipped_len);
	char *json;

	outer.replace.source = base64_url(secret_arena, zipped, zipped_len);
	outer.replace.compression = "gzip";
	json = ignition_write(&outer, ret_len);
	if (*ret_len < len)
		return json;
	*ret_len = len;
	return arena_strndup(secret_arena, inner, len);
}

/* --- reading --- */

static char *base64_decode(struct arena *arena, const char *s, size_t *ret_len)
{
	size_t len = strlen(s), size = len / 4 * 3;
	char *out = arena_alloc(arena, size + 1);
	int r = sodium_base642bin((unsigned char *)out, size, s, len, NULL, ret_len, NULL,
	                          sodium_base64_VARIANT_ORIGINAL);

	return r == 0 ? out : NULL;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static char *url_unescape(struct arena *arena, const char *s, size_t *ret_len)
{
	char *out = arena_alloc(arena, strlen(s) + 1);
	size_t len = 0;

	for (; *s != '\0'; s++) {
		if (*s == '%') {
			int high = hex_digit(s[1]), low = high < 0 ? -1 : hex_digit(s[2]);

			if (low < 0)
				return NULL;
			out[len++] = (char)(high << 4 | low);
			s += 2;
		} else if (is_urlchar((unsigned char)*s)) {
			out[len++] = *s;
		} else {
			return NULL;
		}
	}
	*ret_len = len;
	return out;
}

/* One member and nothing behind it. Its last four bytes say how long the text is (RFC 1952, 2.3.1).
 */
static char *gunzip(struct arena *arena, const char *data, size_t len, size_t max_bytes,
                    size_t *ret_len)
{
	struct libdeflate_decompressor *decompressor;
	enum libdeflate_result result;
	const unsigned char *end;
	size_t size, used = 0;
	char *out;

	if (len < GZIP_MIN)
		return NULL;
	end = (const unsigned char *)data + len - 4;
	size = (size_t)end[0] | (size_t)end[1] << 8 | (size_t)end[2] << 16 | (size_t)end[3] << 24;
	if (size > max_bytes)
		return NULL;
	out = arena_alloc(arena, size + 1);
	decompressor = libdeflate_alloc_decompressor();
	if (decompressor == NULL)
		abort();
	result = libdeflate_gzip_decompress_ex(decompressor, data, len, out, size, &used, ret_len);
	libdeflate_free_decompressor(decompressor);
	return result == LIBDEFLATE_SUCCESS && used == len ? out : NULL;
}

char *ignition_data_read(struct arena *arena, const struct ignition_resource *resource,
                         size_t max_bytes, size_t *ret_len)
{
	char *data = NULL;
	size_t len = 0;

	if (resource->source == NULL)
		return NULL;
	if (str_starts(resource->source, base64_prefix))
		data = base64_decode(arena, resource->source + strlen(base64_prefix), &len);
	else if (str_starts(resource->source, url_prefix))
		data = url_unescape(arena, resource->source + strlen(url_prefix), &len);
	if (data == NULL)
		return NULL;
	if (str_equal(resource->compression, "gzip"))
		data = gunzip(arena, data, len, max_bytes, &len);
	else if (resource->compression != NULL && resource->compression[0] != '\0')
		return NULL;
	if (data == NULL || len > max_bytes)
		return NULL;
	*ret_len = len;
	return data;
}
