/*
 * A DNS message, read. The names in it are compressed, which c-ares knows how to undo.
 */
#include <ares.h>
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "dns/dns.h"

enum {
	HEADER_LEN = 12,
	QUESTION_LEN = 4, /* behind its name: type and class */
	RECORD_LEN = 10,  /* behind its name: type, class, TTL, length */
	FLAG_RESPONSE = 0x80,
	FLAG_AUTHORITATIVE = 0x04,
	CLASS_IN = 1,
	MAX_RECORDS = 200,
};

struct reader {
	struct arena *arena;
	const unsigned char *data;
	size_t len, at;
};

static unsigned number_at(const struct reader *reader, size_t at)
{
	return (unsigned)reader->data[at] << 8 | reader->data[at + 1];
}

static bool has(const struct reader *reader, size_t len)
{
	return reader->len - reader->at >= len;
}

/* The name at AT, and how many bytes it takes there. NULL: it is none. */
static const char *name_at(const struct reader *reader, size_t at, size_t *ret_len)
{
	char *expanded = NULL;
	const char *name;
	long len = 0;

	if (at >= reader->len || ares_expand_name(reader->data + at, reader->data, (int)reader->len,
	                                          &expanded, &len) != ARES_SUCCESS)
		return NULL;
	name = arena_strdup(reader->arena, expanded);
	ares_free_string(expanded);
	*ret_len = (size_t)len;
	return name;
}

static bool is_kept(unsigned type)
{
	return type == DNS_A || type == DNS_AAAA || type == DNS_NS || type == DNS_CNAME ||
	       type == DNS_MX || type == DNS_CAA;
}

static const char *address_at(const struct reader *reader, unsigned type, size_t at, size_t len)
{
	char text[INET6_ADDRSTRLEN];

	if (len != (type == DNS_A ? 4 : 16))
		return NULL;
	(void)inet_ntop(type == DNS_A ? AF_INET : AF_INET6, reader->data + at, text, sizeof(text));
	return arena_strdup(reader->arena, text);
}

/* "FLAGS TAG VALUE" (RFC 8659, 4.1). What is not printable ASCII becomes '?'. */
static const char *caa_at(const struct reader *reader, size_t at, size_t len)
{
	size_t tag_len = len >= 2 ? reader->data[at + 1] : 0;
	struct text text;

	if (tag_len == 0 || 2 + tag_len > len)
		return NULL;
	for (size_t i = 0; i < tag_len; i++)
		if (!isalnum(reader->data[at + 2 + i]))
			return NULL;
	text_init(&text, reader->arena);
	text_addf(&text, "%u %.*s ", reader->data[at], (int)tag_len,
	          (const char *)reader->data + at + 2);
	for (size_t i = 2 + tag_len; i < len; i++) {
		char c = (char)reader->data[at + i];

		text_addc(&text, c >= ' ' && c <= '~' ? c : '?');
	}
	return text.data;
}

/* What the record's LEN bytes at AT say, as text; NULL when they are malformed. */
static const char *value_at(const struct reader *reader, unsigned type, size_t at, size_t len)
{
	size_t used = 0, before = type == DNS_MX ? 2 : 0;
	const char *name;

	if (type == DNS_A || type == DNS_AAAA)
		return address_at(reader, type, at, len);
	if (type == DNS_CAA)
		return caa_at(reader, at, len);
	if (len <= before)
		return NULL;
	name = name_at(reader, at + before, &used);
	if (name == NULL || before + used != len)
		return NULL;
	return type == DNS_MX ? arena_printf(reader->arena, "%u %s", number_at(reader, at), name)
	                      : name;
}

static int read_record(struct reader *reader, enum dns_section section, struct dns_message *ret)
{
	unsigned type, class;
	size_t len = 0;
	const char *name = name_at(reader, reader->at, &len), *value;

	if (name == NULL)
		return -EBADMSG;
	reader->at += len;
	if (!has(reader, RECORD_LEN))
		return -EBADMSG;
	type = number_at(reader, reader->at);
	class = number_at(reader, reader->at + 2);
	len = number_at(reader, reader->at + 8);
	reader->at += RECORD_LEN;
	if (!has(reader, len))
		return -EBADMSG;
	if (class == CLASS_IN && is_kept(type)) {
		value = value_at(reader, type, reader->at, len);
		if (value == NULL)
			return -EBADMSG;
		*list_add(reader->arena, &ret->records) =
			(struct dns_record){ section, (enum dns_type)type, name, value };
	}
	reader->at += len;
	return 0;
}

int dns_parse(struct arena *arena, const unsigned char *data, size_t len, struct dns_message *ret)
{
	struct reader reader = { .arena = arena, .data = data, .len = len, .at = HEADER_LEN };
	struct dns_message message = { 0 };
	size_t total = 0, name_len = 0;

	if (len < HEADER_LEN || len > 65535 || (data[2] & FLAG_RESPONSE) == 0)
		return -EBADMSG;
	message.rcode = data[3] & 0x0f;
	message.authoritative = (data[2] & FLAG_AUTHORITATIVE) != 0;
	for (unsigned i = number_at(&reader, 4); i > 0; i--) {
		if (name_at(&reader, reader.at, &name_len) == NULL)
			return -EBADMSG;
		reader.at += name_len;
		if (!has(&reader, QUESTION_LEN))
			return -EBADMSG;
		reader.at += QUESTION_LEN;
	}
	for (enum dns_section section = DNS_ANSWER; section <= DNS_ADDITIONAL; section++) {
		for (unsigned i = number_at(&reader, 6 + 2 * section); i > 0; i--) {
			if (++total > MAX_RECORDS || read_record(&reader, section, &message) < 0)
				return -EBADMSG;
		}
	}
	*ret = message;
	return 0;
}
