#include "agent/ports.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/os.h"
#include "base/arena.h"
#include "base/file.h"
#include "base/text.h"

enum {
	MAX_FILE_BYTES = 8 * 1024 * 1024,
	MAX_PORTS = 4096,
	TCP_LISTENING = 0x0a, /* include/net/tcp_states.h */
	UDP_UNCONNECTED = 0x07,
	FIELD_LOCAL = 1,
	FIELD_REMOTE = 2,
	FIELD_STATE = 3,
	FIELD_INODE = 9,
	FIELD_COUNT = 10,
};

/* All LEN digits of TEXT as a number of BASE; false for anything else. */
static bool number(const char *text, size_t len, unsigned base, unsigned long long *ret)
{
	unsigned long long value = 0;

	if (len == 0 || len > 19)
		return false;
	for (size_t i = 0; i < len; i++) {
		const char *digits = "0123456789abcdef", *digit;

		digit = strchr(digits, text[i] >= 'A' && text[i] <= 'F' ? text[i] + 32 : text[i]);
		if (text[i] == '\0' || digit == NULL || (unsigned)(digit - digits) >= base)
			return false;
		value = value * base + (unsigned)(digit - digits);
	}
	*ret = value;
	return true;
}

/* "0100007F:1F90": words of 32 bits as the machine keeps them, and the port. */
static bool parse_address(const char *text, size_t len, struct port *port)
{
	uint32_t words[4];
	unsigned long long value;
	size_t count = len == 8 + 5 ? 1 : len == 32 + 5 ? 4 : 0;

	if (count == 0 || text[len - 5] != ':' || !number(text + len - 4, 4, 16, &value))
		return false;
	port->number = (unsigned)value;
	for (size_t i = 0; i < count; i++) {
		if (!number(text + i * 8, 8, 16, &value))
			return false;
		words[i] = (uint32_t)value;
	}
	return inet_ntop(count == 1 ? AF_INET : AF_INET6, words, port->address,
	                 sizeof(port->address)) != NULL;
}

static bool parse_line(const char *line, const char *proto, struct port *port)
{
	const char *field[FIELD_COUNT];
	size_t len[FIELD_COUNT];
	unsigned long long state;
	struct port remote;
	bool tcp = str_equal(proto, "tcp");

	for (size_t i = 0; i < FIELD_COUNT; i++) {
		line += strspn(line, " ");
		field[i] = line;
		len[i] = strcspn(line, " \n");
		line += len[i];
		if (len[i] == 0)
			return false;
	}
	if (!parse_address(field[FIELD_LOCAL], len[FIELD_LOCAL], port) ||
	    !parse_address(field[FIELD_REMOTE], len[FIELD_REMOTE], &remote) ||
	    !number(field[FIELD_STATE], len[FIELD_STATE], 16, &state) ||
	    !number(field[FIELD_INODE], len[FIELD_INODE], 10, &port->inode))
		return false;
	port->proto = proto;
	return remote.number == 0 && port->number != 0 &&
	       state == (tcp ? TCP_LISTENING : UDP_UNCONNECTED);
}

void ports_parse(struct arena *arena, const char *text, const char *proto, struct ports *ret)
{
	while (*text != '\0' && ret->count < MAX_PORTS) {
		struct port port = { 0 };

		if (parse_line(text, proto, &port))
			*list_add(arena, ret) = port;
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
}

/* Whose socket INODE is, for every port that has it. */
static void assign(struct ports *ports, unsigned long long inode, const char *name)
{
	for (size_t i = 0; i < ports->count; i++)
		if (ports->items[i].inode == inode && inode != 0 && ports->items[i].by == NULL)
			ports->items[i].by = name;
}

static const char *name_of(struct arena *arena, int pid_fd)
{
	char *text = NULL;
	size_t len = 0;

	if (file_read(arena, pid_fd, "comm", 256, &text, &len) < 0)
		return NULL;
	while (len > 0 && text[len - 1] == '\n')
		len--;
	return os_clean(arena, text, len);
}

/* One process; one that ended meanwhile, or that we may not look at, owns nothing. */
static void look_at_process(struct arena *arena, int proc_fd, const char *pid, struct ports *ports)
{
	cleanup_fd int pid_fd = openat(proc_fd, pid, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fd = pid_fd < 0 ? -1 : openat(pid_fd, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const char *name = NULL;
	struct dirent *entry;

	if (dir == NULL) {
		fd_cleanup(&fd);
		return;
	}
	while ((entry = readdir(dir)) != NULL) {
		static const char prefix[] = "socket:[";
		char target[64] = "";
		ssize_t n = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);
		unsigned long long inode;

		if (n <= (ssize_t)strlen(prefix) || !str_starts(target, prefix) ||
		    !number(target + strlen(prefix), (size_t)n - strlen(prefix) - 1, 10, &inode))
			continue;
		if (name == NULL && (name = name_of(arena, pid_fd)) == NULL)
			break;
		assign(ports, inode, name);
	}
	(void)closedir(dir);
}

static void find_owners(const struct agent *agent, struct arena *arena, struct ports *ports)
{
	int proc_fd = openat(agent->root_fd, "proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = proc_fd < 0 ? NULL : fdopendir(proc_fd);
	struct dirent *entry;

	if (dir == NULL) {
		fd_cleanup(&proc_fd);
		return;
	}
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
			look_at_process(arena, dirfd(dir), entry->d_name, ports);
	(void)closedir(dir);
}

static int compare(const void *a, const void *b)
{
	const struct port *x = a, *y = b;
	int r = strcmp(x->proto, y->proto);

	if (r == 0)
		r = (x->number > y->number) - (x->number < y->number);
	if (r == 0)
		r = strcmp(x->address, y->address);
	if (r == 0)
		r = strcmp(x->by != NULL ? x->by : "", y->by != NULL ? y->by : "");
	return r;
}

/* Several processes may share a port of an address. */
static void drop_repeated(struct ports *ports)
{
	size_t kept = 0;

	for (size_t i = 0; i < ports->count; i++)
		if (kept == 0 || compare(&ports->items[kept - 1], &ports->items[i]) != 0)
			ports->items[kept++] = ports->items[i];
	ports->count = kept;
}

int ports_read(const struct agent *agent, struct arena *arena, struct ports *ret)
{
	static const char *const files[][2] = {
		{ "proc/net/tcp", "tcp" },
		{ "proc/net/tcp6", "tcp" },
		{ "proc/net/udp", "udp" },
		{ "proc/net/udp6", "udp" },
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char *text = NULL;
		size_t len = 0;
		int r = file_read(arena, agent->root_fd, files[i][0], MAX_FILE_BYTES, &text, &len);

		if (r == -ENOENT && i % 2 == 1)
			continue; /* a kernel without IPv6 */
		if (r < 0)
			return r;
		ports_parse(arena, text, files[i][1], ret);
	}
	find_owners(agent, arena, ret);
	if (ret->count > 0)
		qsort(ret->items, ret->count, sizeof(*ret->items), compare);
	drop_repeated(ret);
	return 0;
}
